"""In which order reports run: what takes longest first, but an earlier period before a later one.

Only families that keep predictions run their periods in order, each source, slice and kind of
period by itself; all else runs side by side.
"""

from collections.abc import Iterable

from helpers import params
from helpers.batch.edition import Edition
from helpers.batch.plan import Planned
from helpers.periods import Period


def before(editions: Iterable[Edition]) -> dict[Edition, Edition]:
    """Return for each edition the one among those given that has to be over before it begins."""
    chains: dict[tuple[str, str, str, str], list[tuple[Period, Edition]]] = {}
    for edition in editions:
        if params.model(edition.family).keeps_predictions:
            period = Period.parse(edition.period)
            key = (edition.source, edition.family, edition.slice, period.kind)
            chains.setdefault(key, []).append((period, edition))
    found: dict[Edition, Edition] = {}
    for chain in chains.values():
        ordered = [edition for _, edition in sorted(chain, key=lambda link: link[0])]
        found.update(zip(ordered[1:], ordered, strict=False))
    return found


def longest_first(todo: list[Planned], earlier: dict[Edition, Edition]) -> list[Planned]:
    """Return the reports by what they and those that wait for them take, longest first.

    A report that has never run may take any time, so it counts as long.
    """
    left = {r.edition: r.seconds if r.seconds is not None else 1e9 for r in todo}
    for edition in sorted(earlier, key=lambda e: Period.parse(e.period), reverse=True):
        left[earlier[edition]] += left[edition]
    return sorted(todo, key=lambda report: -left[report.edition])
