"""Transformations that make the season and the errors of a series additive."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from helpers.metrics.sales_forecast.smoothing import Array

Kind = Literal["log", "root"]

_FLOOR = 0.02  # a value below this share of the mean makes a logarithm explode


@dataclass(frozen=True)
class Scaled:
    """A panel divided by each series' mean and transformed, with the way back.

    `power` is 0 for a logarithm, 0.5 for a square root, 1 for none, one a series: a logarithm
    needs values clear of zero, a root needs values that are not negative.
    """

    values: Array
    mean: Array
    power: Array

    def back(self, forecast: Array) -> Array:
        """Return forecasts on the original scale; never negative where the series never was."""
        power = self.power[:, None]
        positive = np.maximum(forecast, 0.0)
        with np.errstate(over="ignore"):
            natural = np.where(
                power == 0.0,
                np.exp(np.minimum(forecast, 20.0)),
                np.where(power == 0.5, positive**2, forecast),
            )
        return natural * self.mean


def transform(panel: Array, kind: Kind) -> Scaled:
    """Return the panel on the scale `kind`, series by series where its values allow it."""
    mean = np.nanmean(np.abs(panel), axis=1, keepdims=True)
    mean = np.where(mean > 0, mean, 1.0)
    x = panel / mean
    lowest = np.nanmin(x, axis=1)
    if kind == "log":
        power = np.where(lowest > _FLOOR, 0.0, 1.0)
    else:
        power = np.where(lowest >= 0, 0.5, 1.0)
    p = power[:, None]
    safe = np.where(np.isnan(x), 1.0, x)
    moved = np.where(
        p == 0.0,
        np.log(np.maximum(safe, _FLOOR)),
        np.where(p == 0.5, np.sqrt(np.maximum(safe, 0.0)), safe),
    )
    return Scaled(np.where(np.isnan(x), np.nan, moved), mean, power)
