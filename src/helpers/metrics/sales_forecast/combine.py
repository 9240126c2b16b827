"""The default forecast: a trimmed mean of the candidates."""

import numpy as np

from helpers.metrics.sales_forecast.closed import closed
from helpers.metrics.sales_forecast.members import BASELINES, default, make
from helpers.metrics.sales_forecast.smoothing import Array

COMBINATION = "combination"


def trimmed_mean(forecasts: Array) -> Array:
    """Return the mean over the first axis without its lowest and highest value.

    With fewer than four values at a point nothing is cut. NaN is left out; at least one value
    must be there. Trimming guards against the one candidate that runs away (Jose & Winkler 2008,
    "Simple robust averages of forecasts").
    """
    ordered = np.sort(forecasts, axis=0)  # NaN goes to the end
    count = (~np.isnan(forecasts)).sum(axis=0)
    cut = (count >= 4).astype(int)
    rank = np.arange(len(forecasts)).reshape(-1, *([1] * (forecasts.ndim - 1)))
    kept = (rank >= cut) & (rank < count - cut)
    return np.where(kept, ordered, 0.0).sum(axis=0) / kept.sum(axis=0)


def candidates(
    panel: Array, *, season: int, horizon: int, names: tuple[str, ...] | None = None
) -> dict[str, Array]:
    """Return the forecasts of every candidate, of both baselines and of the combination.

    A candidate is NaN for a series that it cannot forecast. Positions of the cycle at which a
    series never sells (see `closed`) are 0 throughout.
    """
    chosen = default(season) if names is None else names
    with np.errstate(invalid="ignore"):
        made = make(panel, season, horizon, chosen)
    baselines = {name: rule(panel, season, horizon) for name, rule in BASELINES.items()}
    combined = trimmed_mean(np.stack(list(made.values())))
    idle = closed(panel, season, horizon)
    everything = {**made, **baselines, COMBINATION: combined}
    return {name: np.where(idle, 0.0, values) for name, values in everything.items()}
