"""What a report said would come, kept with its edition so that a later report can judge it.

A notebook keeps its predictions with `keep` and reads those of earlier periods with `kept`. The
batch moves them to their place together with the executed notebook; where there is no batch
(JupyterLab, nbval), nothing is kept. They are private: rows may be about single customers.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from helpers import paths
from helpers.errors import HelpersError, ReportError
from helpers.periods import Period
from helpers.private import LANDING, private_folders

if TYPE_CHECKING:
    import pandas as pd

    from helpers.params import BaseParams

VERSION = 1
FILE = "predictions.parquet"
NOT_KEPT = "no edition with predictions is kept"
_ABOUT = b"crm_reports"

asked: dict[str, str] = {}
"""What this process looked for: the name of an edition → digest of what it read, empty if none."""


@dataclass(frozen=True)
class Earlier:
    """What the reports of earlier periods said.

    Attributes:
        frames: period → the frame that its report kept, oldest first.
        missing: period → in words why there is none.
    """

    frames: dict[Period, "pd.DataFrame"] = field(default_factory=dict)
    missing: dict[Period, str] = field(default_factory=dict)

    def origin(self, judged: Iterable[Period], *, name: Callable[[Period], str] = str) -> str:
        """Say which of the predictions judged are kept ones, and which were worked out again."""
        spans = sorted(judged)
        there = [name(span) for span in spans if span in self.frames]
        said = []
        if there:
            reports = "report" if len(there) == 1 else "reports"
            said.append(
                f"Judged is what the {reports} of {_list(there)} predicted, as kept with "
                f"{'its edition' if len(there) == 1 else 'their editions'}."
            )
        why: dict[str, list[str]] = {}
        for span in spans:
            if span not in self.frames:
                why.setdefault(self.missing.get(span, NOT_KEPT), []).append(name(span))
        for reason, names in why.items():
            said.append(
                f"For {_list(names)}, {reason}: what was predicted then is worked out again here, "
                "from the rows known at the time."
            )
        return " ".join(said)


def _list(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def keep(frame: "pd.DataFrame", params: "BaseParams") -> None:
    """Keep a report's predictions with its edition; an empty frame is no prediction.

    One call a notebook: a second one replaces the first.

    Raises:
        ReportError: the family's model does not say `keeps_predictions`.
    """
    _declared(params)
    landing = os.environ.get(LANDING)
    if not landing:
        return
    place = Path(landing) / FILE
    place.unlink(missing_ok=True)
    if frame.empty:
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False)
    about = {"version": VERSION, "edition": _name(params, params.period)}
    metadata = {**(table.schema.metadata or {}), _ABOUT: json.dumps(about).encode()}
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        pq.write_table(table.replace_schema_metadata(metadata), file, write_page_checksum=True)
        file.flush()
        os.fsync(file.fileno())


def kept(
    params: "BaseParams", periods: Iterable[Period], *, columns: Iterable[str] = ()
) -> Earlier:
    """Return what the editions of earlier periods predicted: same source, family and slice.

    Only editions that the batch keeps count; what is not there, is damaged, was written by
    another release or lacks one of `columns` is named in `missing`, and the report does without.

    Raises:
        ReportError: the family's model does not say `keeps_predictions`.
    """
    _declared(params)
    found, needed = Earlier(), set(columns)
    for period in sorted(periods):
        name = _name(params, str(period))
        content = _content(name)
        asked[name] = _digest(content) if content is not None else ""
        if content is None:
            found.missing[period] = NOT_KEPT
            continue
        try:
            found.frames[period] = _read(content, name, needed)
        except _UnusableError as error:
            found.missing[period] = str(error)
    return found


class _UnusableError(Exception):
    """Kept predictions cannot be used; the text says why. Never leaves this module."""


def _read(content: bytes, name: str, needed: set[str]) -> "pd.DataFrame":
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(content), page_checksum_verification=True)
        about = json.loads((table.schema.metadata or {})[_ABOUT])
        frame = table.to_pandas()
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise _UnusableError("the predictions of its edition cannot be read") from error
    same = isinstance(about, dict) and about.get("version") == VERSION
    if not same or not needed <= set(frame.columns):
        raise _UnusableError("the predictions of its edition are of another release")
    if about.get("edition") != name:
        raise _UnusableError("its predictions belong to another edition")
    return frame


def place(name: str) -> Path:
    """Return where the predictions of an edition are, by its name `source/family/stem`."""
    source, family, stem = name.split("/")
    return paths.private() / source / family / "predictions" / f"{stem}.parquet"


def names() -> dict[str, Path]:
    """Return the predictions that are kept, by the name of their edition."""
    found = sorted(paths.private().glob("*/*/predictions/[!.]*.parquet"))
    return {f"{path.parts[-4]}/{path.parts[-3]}/{path.stem}": path for path in found}


def digest(name: str) -> str:
    """Return the digest of an edition's predictions; empty where there are none."""
    content = _content(name)
    return _digest(content) if content is not None else ""


def digest_in(landing: Path) -> str:
    """Return the digest of what an execution keeps; empty where it predicts nothing."""
    try:
        return _digest((landing / FILE).read_bytes())
    except FileNotFoundError:
        return ""


def install(landing: Path, name: str) -> None:
    """Move what an execution kept to its place; what an earlier one kept goes.

    Raises:
        HelpersError: the place cannot be written.
    """
    final = place(name)
    try:
        if (landing / FILE).is_file():
            private_folders(final.parent)
            os.chmod(landing / FILE, 0o600)
            os.replace(landing / FILE, final)
        else:
            final.unlink(missing_ok=True)
    except OSError as error:
        raise HelpersError(
            f"cannot be written: {error.strerror or error}",
            file=final,
            hint="Free some space or mend the rights, then run again: finished reports are kept.",
        ) from error


def _content(name: str) -> bytes | None:
    try:
        return place(name).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:20]


def _name(params: "BaseParams", period: str) -> str:
    return f"{params.source}/{params.family}/{paths.stem(period, params.slice)}"


def _declared(params: "BaseParams") -> None:
    if not params.keeps_predictions:
        raise ReportError(
            f"the family {params.family} does not say that it keeps predictions",
            hint=f"Set keeps_predictions = True in helpers/params/{params.family}.py, so that "
            "its periods run in order.",
        )
