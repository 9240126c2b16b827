"""Days of the week that a shop never opens."""

import numpy as np
from numpy.typing import NDArray

from helpers.metrics.sales_forecast.smoothing import Array

_LOOK_BACK = 8  # cycles
_ENOUGH = 4


def closed(panel: Array, season: int, horizon: int) -> NDArray[np.bool_]:
    """Return which steps ahead fall on a position of the cycle that sold nothing for 8 cycles.

    At least four cycles must have been seen. A series that sells nothing at all is not closed on
    some days: it has ended, and is treated as such elsewhere.

    Args:
        panel: one row a series, oldest first, aligned at the end; NaN only before the start.
        season: number of periods in a cycle.
        horizon: number of periods ahead.
    """
    cycles = min(_LOOK_BACK, panel.shape[1] // season)
    if season == 1 or cycles < _ENOUGH:
        return np.zeros((len(panel), horizon), dtype=bool)
    recent = panel[:, panel.shape[1] - cycles * season :].reshape(len(panel), cycles, season)
    known = (~np.isnan(recent)).sum(axis=1)
    idle = (np.nan_to_num(recent) == 0).all(axis=1) & (known >= _ENOUGH)
    idle &= ~idle.all(axis=1, keepdims=True)
    return np.tile(idle, (1, -(-horizon // season)))[:, :horizon]
