"""What a notebook says of a chart: the data, the axes, the words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from helpers.errors import ReportError, did_you_mean
from helpers.metrics.contracts import Unit

Kind = Literal["line", "bar", "scatter", "heatmap", "dots"]


@dataclass(frozen=True, kw_only=True)
class ChartSpec:
    """A chart before it is drawn: see the functions `line`, `bar`, `scatter`, `heatmap`, `dots`."""

    kind: Kind
    frame: pd.DataFrame
    x: str
    y: str
    title: str
    unit: Unit
    grain: str
    group: str | None = None
    low: str | None = None
    high: str | None = None
    value: str | None = None
    x_unit: Unit | None = None
    customers: str | Sequence[str] | None = None
    says: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    reference: Mapping[str, float] = field(default_factory=dict)
    switch: str | None = None
    annotate: str | None = None
    within: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        named = [self.x, self.y, self.group, self.low, self.high, self.value]
        for name in [*named, *self.counts, *(self.within or ()), self.switch, self.annotate]:
            if name is not None and name not in self.frame.columns:
                raise ReportError(
                    f"chart {self.title!r}: the frame has no column {name!r}",
                    hint=did_you_mean(name, map(str, self.frame.columns)),
                )

    @property
    def counts(self) -> tuple[str, ...]:
        """The columns that count customers."""
        given = self.customers
        return (given,) if isinstance(given, str) else tuple(given or ())

    def label(self, name: str) -> str:
        """Return the words for a column."""
        return self.labels.get(name) or name.replace("_", " ").capitalize()


def line(
    frame: pd.DataFrame,
    *,
    x: str,
    y: str,
    title: str,
    unit: Unit,
    grain: str = "period",
    **more: Any,
) -> ChartSpec:
    """Return a line chart: `y` over `x` (dates, periods as `2017-09`, or numbers).

    Args:
        frame: one row a point; extra columns are ignored.
        x: column of dates, period names or numbers.
        y: column of values in `unit`.
        title: says what is shown, without column names.
        unit: of y, as in `helpers.metrics.contracts.Unit`.
        grain: what one row is about.
        **more: `group` (one line each), `low` and `high` (a band), `customers` (the columns with
            the customers behind each row), `within` (columns: rows that agree in them add up to a
            total, from which a hidden one could be worked out), `x_unit`, `labels` (column to
            words), `reference` (words to a level drawn across), `switch` (column: one prepared
            chart for each of its values), `says` (a sentence in place of the one computed from the
            data).
    """
    return ChartSpec(
        kind="line", frame=frame, x=x, y=y, title=title, unit=unit, grain=grain, **more
    )


def bar(
    frame: pd.DataFrame,
    *,
    x: str,
    y: str,
    title: str,
    unit: Unit,
    grain: str = "category",
    **more: Any,
) -> ChartSpec:
    """Return a bar chart of `y` for each category `x`, in the frame's order.

    Long category names lie horizontally. `low` and `high` draw intervals; `group` puts bars side by
    side. Other arguments as for `line`.
    """
    return ChartSpec(kind="bar", frame=frame, x=x, y=y, title=title, unit=unit, grain=grain, **more)


def dots(
    frame: pd.DataFrame,
    *,
    x: str,
    y: str,
    title: str,
    unit: Unit,
    grain: str = "category",
    **more: Any,
) -> ChartSpec:
    """Return a dot for each category `x`, with its interval `low` to `high`: for effects."""
    return ChartSpec(
        kind="dots", frame=frame, x=x, y=y, title=title, unit=unit, grain=grain, **more
    )


def scatter(
    frame: pd.DataFrame,
    *,
    x: str,
    y: str,
    title: str,
    unit: Unit,
    grain: str = "segment",
    **more: Any,
) -> ChartSpec:
    """Return a scatter plot of `y` against the number `x`, one point a group of customers.

    `annotate` names the column whose text stands beside the points; `low` and `high` draw the
    interval of each; `reference={"diagonal": 1}` draws y = x.
    """
    return ChartSpec(
        kind="scatter", frame=frame, x=x, y=y, title=title, unit=unit, grain=grain, **more
    )


def heatmap(
    frame: pd.DataFrame,
    *,
    x: str,
    y: str,
    value: str,
    title: str,
    unit: Unit,
    grain: str = "cohort",
    **more: Any,
) -> ChartSpec:
    """Return a heatmap of `value` by `x` and `y`; cells that are missing or NaN stay blank."""
    return ChartSpec(
        kind="heatmap", frame=frame, x=x, y=y, value=value, title=title, unit=unit, grain=grain,
        **more,
    )  # fmt: skip
