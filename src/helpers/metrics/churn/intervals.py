"""Intervals of shares."""

import numpy as np
from numpy.typing import ArrayLike

Z95 = 1.959963984540054


def wilson(successes: ArrayLike, trials: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % Wilson score interval of a share, low and high.

    Formula: (p + z²/2n ± z·sqrt(p(1−p)/n + z²/4n²)) / (1 + z²/n). No trials give NaN.

    Source: Wilson (1927), JASA 22, 209–212.
    """
    k, n = np.asarray(successes, dtype="float64"), np.asarray(trials, dtype="float64")
    n = np.where(n > 0, n, np.nan)
    p, z2 = k / n, Z95**2
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * np.sqrt(p * (1 - p) / n + z2 / (4 * n**2)) / (1 + z2 / n)
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def share(part: float, whole: float) -> float:
    """Return part / whole, NaN where the whole is not above zero."""
    return float(part) / float(whole) if whole > 0 else float("nan")
