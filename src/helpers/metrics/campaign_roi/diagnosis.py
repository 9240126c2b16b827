"""Why a figure changed: mix and rate by a dimension, and the largest contributors."""

import pandas as pd

from helpers.metrics.campaign_roi.frames import ratio, require_columns


def mix_and_rate(
    before: pd.DataFrame, after: pd.DataFrame, *, by: str, above: str, below: str
) -> pd.DataFrame:
    """Return how much of a ratio's change each group brought, by its share and by its own rate.

    With share s_g = below_g / Σ below and rate r_g = above_g / below_g:
    rate effect_g = (s_g0 + s_g1)/2 · (r_g1 − r_g0); mix effect_g = (s_g1 − s_g0) · ((r_g0 + r_g1)/2
    − R̄), with R̄ the mean of both periods' overall ratios. The effects of all groups sum to the
    change of Σ above / Σ below exactly. A group that is absent in one period has no rate of its own
    there: its whole effect is mix.

    Args:
        before: one row a group: `by`, `above`, `below` (numbers; `below` not negative).
        after: the same, of the later period.
        by: column of the group.
        above: numerator.
        below: denominator.

    Returns:
        One row a group, largest effect first: `by`, `share_before share_after rate_before
        rate_after mix rate total` (float64, in the unit of the ratio). Empty where a period has no
        denominator.

    Raises:
        MetricError: a column is missing.

    Source: Kitagawa (1955), Components of a difference between two rates, J. Am. Statist. Ass. 50.
    """
    sides = []
    for table, name in ((before, "before"), (after, "after")):
        require_columns(table, [by, above, below], table=name)
        sides.append(table.groupby(by, observed=True)[[above, below]].sum().astype(float))
    names = sides[0].index.union(sides[1].index)
    old, new = (side.reindex(names, fill_value=0.0) for side in sides)
    columns = ["share_before", "share_after", "rate_before", "rate_after", "mix", "rate", "total"]
    if not (old[below].sum() > 0 and new[below].sum() > 0):
        return pd.DataFrame(columns=[by, *columns])
    s0, s1 = old[below] / old[below].sum(), new[below] / new[below].sum()
    r0, r1 = ratio(old[above], old[below]), ratio(new[above], new[below])
    q0, q1 = r0.fillna(r1).fillna(0.0), r1.fillna(r0).fillna(0.0)
    overall = (old[above].sum() / old[below].sum() + new[above].sum() / new[below].sum()) / 2
    rate = (s0 + s1) / 2 * (q1 - q0)
    mix = (s1 - s0) * ((q0 + q1) / 2 - overall)
    figures = (s0, s1, r0, r1, mix, rate, mix + rate)
    found = pd.DataFrame(dict(zip(columns, figures, strict=True)))
    order = found["total"].abs().sort_values(ascending=False, kind="stable").index
    return found.loc[order].rename_axis(by).reset_index()


def contributions(
    before: pd.DataFrame, after: pd.DataFrame, *, by: str, value: str
) -> pd.DataFrame:
    """Return how much each group brought to the change of a sum.

    change_g = after_g − before_g, a group that is absent counting as zero; the changes sum to the
    whole change.

    Returns:
        One row a group, largest change first: `by`, `before after change` (float64, unit of
        `value`).

    Raises:
        MetricError: a column is missing.
    """
    sides = []
    for table, name in ((before, "before"), (after, "after")):
        require_columns(table, [by, value], table=name)
        sides.append(table.groupby(by, observed=True)[value].sum().astype(float).rename(name))
    found = pd.concat(sides, axis=1).fillna(0.0).sort_index()
    found = found.assign(change=found["after"] - found["before"])
    order = found["change"].abs().sort_values(ascending=False, kind="stable").index
    return found.loc[order].rename_axis(by).reset_index()
