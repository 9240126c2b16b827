"""How charts look: one palette, one set of type sizes, colours that a page can re-theme.

Text, axes and grid are drawn in sentinel colours that the publisher replaces by the theme's, and
text in whatever font the page or paper has, so that one SVG serves a light and a dark page and
paper. It is measured in DejaVu Sans, whose letters are wide: text of another font fits.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

INK = "#1b1f24"
MUTED = "#6a737d"
GRID = "#e3e6ea"

PALETTE = ["#2f74c0", "#d9652b", "#1d9a78", "#726a8d", "#9f4c35", "#bd8456", "#7f8ebe", "#1497f7"]
"""Told apart by readers with any common colour vision; 3:1 on white and on near-black."""

DASHES = ["", (4, 1.6), (1.4, 1.4), (5, 1.4, 1.4, 1.4), (2.6, 1.2), (6, 2), (3, 1, 1, 1), (1, 2)]
SEQUENTIAL = ["#eaf1f9", "#b9d2ec", "#7fadd9", "#3f83c3", "#1f5d9c", "#123c6b"]

WIDTH, HEIGHT = 4.8, 3.0

_RC: dict[str, Any] = {
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 10,
    "axes.linewidth": 0.8,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Arial"],
    "font.size": 10.5,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.fontsize": 10,
    "legend.frameon": False,
    "lines.linewidth": 2.0,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",  # text stays text: pages set it in their own font, at half the weight
    "svg.hashsalt": "crm-reports",
    "text.color": INK,
    "xtick.color": MUTED,
    "xtick.labelcolor": MUTED,
    "xtick.labelsize": 10,
    "xtick.major.pad": 6,
    "xtick.major.size": 0,
    "ytick.color": MUTED,
    "ytick.labelcolor": MUTED,
    "ytick.labelsize": 10,
    "ytick.major.size": 0,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the project's style, and leave matplotlib's settings as they were."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)  # type: ignore[arg-type]
        yield
