"""What a fit did without: candidates that could not forecast a series, by name and reason."""

from collections.abc import Mapping, Sequence

import numpy as np

from helpers.metrics.sales_forecast.backtest import Backtest
from helpers.metrics.sales_forecast.members import needs
from helpers.metrics.sales_forecast.panel import Series
from helpers.metrics.sales_forecast.smoothing import Array

_NAMED = 5  # series that a note names


def missing(
    ahead: Mapping[str, Array], test: Backtest, histories: Sequence[Series], names: Sequence[str]
) -> tuple[str, ...]:
    """Return a sentence for each candidate, place and reason: which series it did not forecast.

    A candidate leaves a series alone that is constant or shorter than it needs. What is neither
    failed on it: it raised an error, or its forecast was infinite or ran away.
    """
    said = []
    for name in names:
        found: dict[tuple[str, str], list[str]] = {}
        if np.isnan(ahead[name]).any(axis=1).all():
            said.append(f"{name} was not used: the series are too few or too short for it.")
            continue
        for row, series in enumerate(histories):
            places = [("the forecast", 0)] if np.isnan(ahead[name][row]).any() else []
            for j, offset in enumerate(test.offsets):
                tried = not np.isnan(test.actual[row, j, 0])
                if tried and np.isnan(test.forecasts[name][row, j]).any():
                    places.append(("the backtest", offset))
            for place, offset in places:
                ids = found.setdefault((place, _why(name, series, offset)), [])
                if series.unique_id not in ids:
                    ids.append(series.unique_id)
        said += [
            f"{name} is missing from {place} of {_names(ids)}: {why}."
            for (place, why), ids in found.items()
        ]
    return tuple(said)


def _why(name: str, series: Series, offset: int) -> str:
    seen = series.values[: len(series.values) - offset]
    if len(seen) < needs(name, series.season):
        return "too short for it"
    return "constant" if np.ptp(seen) == 0 else "its fit failed"


def _names(ids: Sequence[str]) -> str:
    rest = len(ids) - _NAMED
    return ", ".join(ids[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
