"""The way of a finished report to its final places, in steps that the next run can take up.

First the record to be is written into the landing folder, then private lists, predictions and
notebook are moved, then the record is saved and the folder removed. Whatever is killed in between,
`take_up` does the rest.
"""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from helpers import predictions, private
from helpers.batch import files, fingerprint, landing, store
from helpers.batch.basis import Basis
from helpers.batch.content import Content, sha256, signature
from helpers.batch.edition import Edition
from helpers.batch.facts import ALWAYS
from helpers.batch.job import Outcome
from helpers.batch.landing import JOURNAL_KEPT
from helpers.errors import HelpersError


def begin(folder: Path, basis: Basis, run: str) -> None:
    """Note in a landing folder what its report is planned on.

    A journal of the attempt before gives way: it was kept for want of room, which this one needs.

    Raises:
        OSError: it cannot be written; the worker, which needs the folder too, will say so.
    """
    basis.edition.failed.with_suffix(JOURNAL_KEPT).unlink(missing_ok=True)
    landing.note(folder, landing.PLANNED, {"basis": basis.as_json(), "run": run})


def settle(folder: Path, basis: Basis, outcome: Outcome, content: Content, run: str) -> store.Known:
    """Move what a report has made to its final places and save its record, which is returned.

    Raises:
        HelpersError: a place cannot be written.
    """
    known = _known(folder, basis, outcome, content, run)
    try:
        landing.note(folder, landing.KNOWN, asdict(known))
    except OSError as error:
        raise files.refused(folder / landing.KNOWN, error) from error
    return _install(folder, basis.edition, known)


def take_up(folder: Path, name: str) -> bool:
    """Finish a report that a killed run had executed to its end; say whether it had.

    Raises:
        HelpersError: a place cannot be written.
    """
    known = _decided(folder) or _executed(folder)
    if known is None:
        return False
    try:
        edition = Edition(**known.edition)
        if edition.name != name or not _is_there(folder, edition, known):
            return False
    except (KeyError, TypeError):
        return False  # of another release
    _install(folder, edition, known)
    return True


def _decided(folder: Path) -> store.Known | None:
    found = landing.noted(folder, landing.KNOWN)
    try:
        return store.Known(**found) if found else None
    except TypeError:
        return None  # of another release


def _executed(folder: Path) -> store.Known | None:
    """Return the record of a report whose worker had finished when the runner was killed."""
    outcome, planned = landing.noted_outcome(folder), landing.noted(folder, landing.PLANNED)
    if outcome is None or planned is None or outcome.status != "ok" or outcome.trace is None:
        return None  # without a trace nobody knows any more what the code was
    try:
        basis, run = Basis.from_json(planned["basis"]), str(planned["run"])
    except (KeyError, TypeError):
        return None
    return _known(folder, basis, outcome, Content(), run)


def _is_there(folder: Path, edition: Edition, known: store.Known) -> bool:
    """Say whether the notebook that a record speaks of is in the landing folder or in place."""
    for path in (folder / landing.EXECUTED, edition.notebook):
        try:
            if sha256(path) == known.output["sha256"]:
                return True
        except OSError:
            continue  # it is at the other place, or nowhere
    return False


def _known(folder: Path, basis: Basis, outcome: Outcome, content: Content, run: str) -> store.Known:
    uses = uses_of(basis, outcome.trace)
    inputs = fingerprint.recorded(content, basis, uses, outcome.trace)
    return store.Known(
        edition=asdict(basis.edition),
        fingerprint=fingerprint.digest(inputs),
        inputs=inputs,
        uses=uses,
        output={
            "sha256": outcome.digest,
            "predictions": predictions.digest_in(folder),
            "lists": {name: {"sha256": sha256(path)} for name, path in private.left(folder)},
        },
        seconds=sum(outcome.seconds.values()),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        run=run,
    )


def uses_of(basis: Basis, trace: dict[str, Any] | None) -> dict[str, Any]:
    """Return what a report used, from the trace of its kernel, as the store keeps it."""
    from helpers.batch.distributions import distributions

    known = distributions(list(basis.interpreter.site or ())) if trace else {}
    used = fingerprint.uses(trace, known, basis.extracts, basis.edition.source)
    if used["tables"] is not None:
        used["tables"] = sorted({*used["tables"], *ALWAYS})
    return {**used, "extracts": basis.extracts, "snapshot": basis.snapshot}


def _install(folder: Path, edition: Edition, known: store.Known) -> store.Known:
    """Move what is still in the landing folder, and save the record; may be done again."""
    output = known.output
    for name, wanted in output["lists"].items():
        wanted["stat"] = signature(private.install(folder, name))
    for name in (store.load(edition).output.get("lists") or {}).keys() - output["lists"].keys():
        private.remove(name)  # this edition makes it no more
    if (folder / predictions.FILE).exists() or not output["predictions"]:
        predictions.install(folder, edition.name)
    if (folder / landing.EXECUTED).exists():
        files.move(folder / landing.EXECUTED, edition.notebook)
    try:
        output["stat"] = signature(edition.notebook)
        edition.failed.unlink(missing_ok=True)
    except OSError as error:
        raise HelpersError(str(error), file=edition.notebook, hint="Run again.") from error
    store.save(edition, known)
    return known
