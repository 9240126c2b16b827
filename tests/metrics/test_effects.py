"""What moved a figure: effects add up, and the sentence names the driver that did most."""

import pandas as pd
import pytest

from helpers.metrics.effects import (
    effect_charts,
    effect_rows,
    effect_sentence,
    effect_sentences,
    effects_of,
    joined,
)
from helpers.metrics.writing import plain, signed
from helpers.periods import Period

PARTS = [("Orders", "count"), ("Sales per order", "currency")]


def rows(kpi: str = "Sales", unit: str = "currency", effects: tuple[float, float] = (30.0, -10.0)):
    return effect_rows(kpi, PARTS, [10, 5.0], [16, 4.0], effects, unit)


def test_two_factors_share_what_they_do_together() -> None:
    # 10 · 5 = 50 → 16 · 4 = 64. Orders: 6 · 4.5 = 27; sales per order: −1 · 13 = −13.
    assert effects_of([10, 5], [16, 4]).tolist() == [27.0, -13.0]


def test_a_quotient_splits_exactly_too() -> None:
    # 6 / 2 = 3 → 12 / 3 = 4. Above: ((12 − 6) / 2 + (12 − 6) / 3) / 2 = 2.5; below: −1.5.
    assert effects_of([6, 2], [12, 3], of=lambda v: v[0] / v[1]) == pytest.approx([2.5, -1.5])


def test_the_sentence_names_the_largest_driver_and_the_one_against_it() -> None:
    assert effect_sentence(rows(), against="May") == (
        "Sales: up by 20.00 against May, most of all through “Orders” (+30.00); “Sales per "
        "order” worked against it (−10.00)."
    )
    down = rows(unit="share", effects=(-0.02, -0.01))
    assert effect_sentence(down, against="May") == (
        "Sales: down by 3.0 pp against May, most of all through “Orders” (−2.0 pp)."
    )


def test_a_change_that_rounds_to_nothing_is_none() -> None:
    assert effect_sentence(rows(effects=(0.001, 0.001)), against="May") == (
        "Sales: unchanged against May."
    )
    tiny = rows(effects=(5.0, -0.001))
    assert effect_sentence(tiny, against="May").endswith("through “Orders” (+5.00).")


def test_every_figure_of_every_comparison_has_its_sentence() -> None:
    moved = joined({"Period before": rows(), "Year before": pd.concat([rows(), rows("Cost")])})
    june = Period.parse("2017-06")
    assert [text[:34] for text in effect_sentences(moved, period=june)] == [
        "Sales: up by 20.00 against 2017-05",
        "Sales: up by 20.00 against 2016-06",
        "Cost: up by 20.00 against 2016-06,",
    ]
    assert len(effect_sentences(moved, period=june, leave_out=["Sales"])) == 1
    assert effect_sentences(joined({}), period=june) == []


def test_charts_hold_the_figures_of_one_unit_each() -> None:
    moved = joined({"Period before": pd.concat([rows(), rows("Rate", "share")])})
    charts = effect_charts(moved)
    assert [(one["unit"], one["frame"]["kpi"].unique().tolist()) for one in charts] == [
        ("currency", ["Sales"]),
        ("points", ["Rate"]),
    ]
    assert [one["title"] for one in charts] == ["What moved it: sales", "What moved it: rate"]
    both = joined({"Period before": pd.concat([rows(), rows("Cost")])})
    (chart,) = effect_charts(both)
    assert (chart["title"], chart["switch"]) == ("What moved the amounts", "kpi")
    assert effect_charts(joined({})) == []


def test_a_change_has_a_sign_only_where_it_is_told() -> None:
    assert signed(-0.0003, "points", plain) == "±0.0 pp"
    assert signed(-0.003, "points", plain) == "−0.3 pp"
    assert signed(0.2, "share", plain) == "+20.0%"
