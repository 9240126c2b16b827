"""The study behind the page and its sentences: whole, guarded against thin data, and plain."""

import re
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from helpers.errors import MetricError
from helpers.metrics import churn
from helpers.metrics import customer_value as cv
from helpers.metrics.customer_value.profile import in_reading_order
from helpers.metrics.customer_value.words import COLUMNS
from helpers.metrics.writing import plain, signed
from helpers.periods import Period

DEC = Period.parse("2017-12")


def base(*, customers: int, start: str, days: int, seed: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(customers):
        day, gap = rng.uniform(0, days / 2), rng.gamma(2.0, 10.0) + 2
        while day < days and rng.random() > 0.03:
            when = pd.Timestamp(start) + timedelta(days=float(day))
            rows.append((f"c{k:03d}", when, round(rng.gamma(3, 10), 2)))
            day += rng.exponential(gap)
    return pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue"])


def people(customers: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": [f"c{k:03d}" for k in range(customers)],
            "age": [["19-24", "25-34", "65+", None][k % 4] for k in range(customers)],
            "town": [f"town {k}" for k in range(customers)],  # one customer each: tells nothing
        }
    )


@pytest.fixture(scope="module")
def study() -> cv.Study:
    orders = base(customers=200, start="2016-11-01", days=426)
    return cv.Study(orders, people(200), period=DEC, replicates=20)


@pytest.fixture(scope="module")
def young() -> cv.Study:
    orders = base(customers=40, start="2017-12-01", days=31)
    none = pd.DataFrame({"customer_id": pd.Series([], dtype=str)})
    return cv.Study(orders, none, period=DEC, replicates=20)


def everything(study: cv.Study) -> list[str]:
    say = cv.Sentences(study)
    lines = [
        say.moves(),
        say.concentration(),
        say.worth(),
        say.retention(),
        say.tiers(),
        say.profile(),
    ]
    lines += [say.tracking(), say.conditional(), say.segment_values()]
    lines += [*say.cautions(), *say.changes(), *say.steps(), *say.trust(), *say.quality()]
    return lines


def test_every_sentence_is_whole_and_holds_no_broken_value(
    study: cv.Study, young: cv.Study
) -> None:
    for page in (study, young):
        for line in everything(page):
            assert line.endswith("."), line
            assert not re.search(r"\bnan\b|\binf\b|None|\{|_", line), line


def test_the_page_sees_nothing_after_its_period(study: cv.Study) -> None:
    later = base(customers=50, start="2018-01-01", days=60, seed=9)
    seen = pd.concat([study.orders, later], ignore_index=True)
    again = cv.Study(seen, people(200), period=DEC, replicates=20)
    assert again.headline() == study.headline()
    pd.testing.assert_frame_equal(again.segments, study.segments)
    assert everything(again) == everything(study)


def test_the_history_ends_with_the_headline(study: cv.Study) -> None:
    headline = {k.contract.name: k for k in study.headline()}
    last = study.history.iloc[-1]
    assert last["period"] == "2017-12"
    assert len(study.history) == 13
    assert last["revenue"] == pytest.approx(headline["customer_revenue"].value, abs=0.01)
    assert study.history["revenue"].iloc[-2] == pytest.approx(
        headline["customer_revenue"].previous, abs=0.01
    )
    bridge = study.bridge.iloc[-1]
    assert bridge["end"] - bridge["start"] == headline["net_customer_change"].value


def test_segments_and_list_hold_the_same_customers_and_value(study: cv.Study) -> None:
    listed = study.customer_list()
    assert len(listed) == study.segments["customers"].sum() == len(study.scores)
    assert listed["clv"].sum() == pytest.approx(study.segments["clv"].sum())
    assert listed["clv"].is_monotonic_decreasing
    assert (study.segments["clv_low"] <= study.segments["clv_high"]).all()
    assert study.tenths["customers"].sum() == len(study.scores)
    assert study.tenths["value_share"].sum() == pytest.approx(1.0)


def test_what_groups_contribute_adds_up_for_every_dimension(study: cv.Study) -> None:
    added = study.comparison.to("Revenue").groupby("dimension")["contribution"].sum()
    change = study.history["revenue"].diff().iloc[-1]
    assert set(added.index) == {"Segment", "Age"}
    assert added.tolist() == pytest.approx([change, change])
    year = study.comparison.to("Revenue", against=Period.parse("2016-12"))
    yearly = study.history["revenue"].iloc[-1] - study.history["revenue"].iloc[0]
    assert year.groupby("dimension")["contribution"].sum().tolist() == pytest.approx(
        [yearly, yearly]
    )


def test_the_profile_leaves_out_what_tells_nothing_and_reads_in_order(study: cv.Study) -> None:
    assert study.profiles["attribute"].unique().tolist() == ["age"]
    assert study.profiles["group"].tolist() == ["19-24", "25-34", "65+", "Unknown"]
    assert study.profiles["customers"].sum() == study.scores["customer_id"].nunique()
    assert "It is unknown for" in cv.Sentences(study).profile()


def test_bands_are_put_in_the_order_of_their_numbers() -> None:
    names = ["50-74K", "Unknown", "Under 15K", "15-24K", "250K+", "none"]
    found = in_reading_order(pd.DataFrame({"attribute": "income", "group": names}))
    assert found["group"].tolist() == ["Under 15K", "15-24K", "50-74K", "250K+", "none", "Unknown"]


def test_the_cube_can_be_split_by_what_is_known(study: cv.Study) -> None:
    assert study.splits == {"segment": "Segment", "tier": "Tier", "age": "Age"}
    months = study.cube.groupby("month")["revenue"].sum()
    assert months.loc["2017-12"] == pytest.approx(study.history["revenue"].iloc[-1])


def test_the_evidence_names_one_model_in_use(study: cv.Study) -> None:
    table = study.evidence.table
    assert (table["verdict"] == "In use").sum() == 1
    assert table["verdict"].iloc[-1] in {"For comparison", "In use"}
    assert [title for title, _ in study.evidence.tables()] == [
        "The models, tried on days they had not seen",
        "The forecast of revenue, tried on the last stretches",
        "What was expected of this period",
    ]
    tracked = study.evidence.tracking.groupby("series")["week"].count()
    assert tracked["Actual"] == tracked["Expected"] == 60  # 426 days


def test_every_headline_figure_is_split_against_both_earlier_periods(study: cv.Study) -> None:
    moved = study.drivers
    sums = moved.groupby(["against", "kpi"])["effect"].sum()
    for kpi in study.headline():
        name = kpi.contract.label
        assert kpi.previous is not None
        tolerance = 2.1 * 10**-kpi.contract.precision
        change = kpi.value - kpi.previous
        assert sums["Period before", name] == pytest.approx(change, abs=tolerance)
        if kpi.year_before is not None:
            change = kpi.value - kpi.year_before
            assert sums["Year before", name] == pytest.approx(change, abs=tolerance)
    assert len(sums["Year before"]) >= 6  # the bridge of a year before may have no full window
    said = cv.Sentences(study).changes()
    assert sum("2017-11" in line for line in said) == 7
    assert sum("2016-12" in line for line in said) == len(sums["Year before"])


def test_a_first_month_says_what_it_cannot_say(young: cv.Study) -> None:
    say = cv.Sentences(young)
    assert say.changes() == [
        "The history does not reach back to an earlier period: nothing is compared."
    ]
    assert "does not reach back far enough" in say.moves()
    assert any("holds only 31 days" in line for line in say.cautions())
    assert young.drivers.empty
    assert young.comparison.to("Revenue").empty
    assert young.movement.empty
    assert young.profiles.empty
    assert young.retention.empty
    assert young.evidence.tracking.empty
    assert young.evidence.conditional.empty
    assert young.evidence.scorecard.empty
    assert young.splits == {"segment": "Segment", "tier": "Tier"}
    assert "knows nothing about its customers" in say.profile()


def test_a_fallback_and_a_missed_check_are_said_at_the_top() -> None:
    # Everybody buys weekly, and from October twice as often: no model could know.
    rows = []
    for k in range(60):
        day = pd.Timestamp("2017-01-02") + timedelta(days=k % 7)
        while day <= pd.Timestamp("2017-12-31"):
            rows.append((f"c{k:02d}", day, 20.0 + k % 5))
            day += timedelta(days=7 if day < pd.Timestamp("2017-10-01") else 3)
    orders = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue"])
    page = cv.Study(orders, orders[["customer_id"]].drop_duplicates(), period=DEC, replicates=20)
    said = " ".join(cv.Sentences(page).cautions())
    assert "is used instead" in said
    assert "too low: the expected values may be as far off" in said
    assert "Refused: " in cv.Sentences(page).trust()[0]


def test_free_purchases_returns_and_same_day_orders_are_sized() -> None:
    day = pd.Timestamp("2017-12-05 10:00")
    rows = [(f"c{k:02d}", day - timedelta(days=30 * (k % 9)), 10.0) for k in range(40)]
    rows += [("c00", day, 30.0), ("c00", day + timedelta(hours=3), 5.0), ("c09", day, -4.0)]
    rows += [("c18", day + timedelta(days=1), 0.0)]
    orders = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue"])
    page = cv.Study(orders, orders[["customer_id"]].drop_duplicates(), period=DEC, replicates=20)
    said = cv.Sentences(page).quality()
    # December: c00, c09, c18, c27, c36 with 10 each on the 5th; c00 35 more; c18 0 on the 6th.
    assert said[0] == (
        "Purchases that cost nothing (1 in the period) count all the same. "
        "Without them a purchase would be worth 16.20."  # (50 + 35 - 4) / 5
    )
    assert said[1] == "Returns of 4.00 are taken off the period's revenue."
    assert said[2].startswith("A customer's further orders of a day (2 in the period) make one")


def test_no_order_up_to_the_period_is_an_error() -> None:
    orders = base(customers=5, start="2018-01-01", days=30)
    with pytest.raises(MetricError, match="no order up to 2017-12-31"):
        cv.Study(orders, people(5), period=DEC)


@pytest.mark.parametrize(("kind", "count"), [("month", 13), ("quarter", 4), ("week", 26)])
def test_periods_of_any_kind_have_their_history(study: cv.Study, kind: str, count: int) -> None:
    period = Period.containing(date(2017, 12, 20), kind)  # type: ignore[arg-type]
    found = cv.covered_periods(study.orders, period=period)
    assert found[-1] == period
    assert len(found) == count
    assert all(a.next() == b for a, b in pairwise(found))


def test_headings_name_only_the_columns_that_are_there() -> None:
    frame = pd.DataFrame(columns=["segment", "customers", "clv"])
    assert cv.headings(frame) == {
        "labels": {"customers": "Customers", "clv": "Expected value"},
        "units": {"customers": "count", "clv": "currency"},
    }
    assert all(label and "_" not in label for label, _ in COLUMNS.values())


def test_values_are_written_plainly_where_no_locale_is_at_hand() -> None:
    assert plain(0.1234, "share") == "12.3%"
    assert plain(0.1234, "points") == "12.3 pp"
    assert plain(12.3, "days") == "12 days"
    assert plain(1.5, "ratio") == "1.50×"
    assert plain(1234.4, "count") == "1,234"
    assert plain(1234.5, "currency") == "1,234.50"
    assert signed(-3.0, "count", plain) == "−3"
    assert signed(0.0, "count", plain) == "±0"


def test_fewer_than_ten_customers_have_no_tenths() -> None:
    assert cv.tenth_table([1.0] * 9).empty
    table = cv.tenth_table([float(k) for k in range(25)])
    assert table["customers"].sum() == 25
    assert table["customers"].max() - table["customers"].min() == 1
    assert table["value"].is_monotonic_decreasing


def test_active_means_the_same_as_in_the_churn_report(study: cv.Study) -> None:
    days = churn.purchase_days(study.orders)
    window = churn.choose_window(days, as_of=DEC.end)
    steps = churn.bridge(days, period=DEC, window=window.days)
    theirs = steps.set_index("step")["customers"]
    row = study.bridge.iloc[-1]
    assert study.window_days == window.days
    assert row[["start", "new", "reactivated", "end"]].to_dict() == theirs.drop("lapsed").to_dict()
    assert row["lost"] == -theirs["lapsed"]
    assert "as in the churn report" in cv.Sentences(study).active()
    given = cv.Study(study.orders, people(200), period=DEC, window_days=60, replicates=20)
    assert given.window_days == 60
    assert "60 days, as the report's parameters set it" in cv.Sentences(given).active()
    gone = given.segments.set_index("segment")["median_recency_days"]
    assert (gone[gone.index.isin(["Win back", "Cannot lose", "Hibernating"])] >= 60).all()
    assert (gone[~gone.index.isin(["Win back", "Cannot lose", "Hibernating"])] < 60).all()


def test_a_range_that_did_not_hold_is_said_at_the_top(study: cv.Study) -> None:
    november = DEC.previous()
    model = cv.value_model(study.orders, as_of=november.end)
    said = cv.predictions(study.orders, model, ahead=DEC, replicates=20)
    pages = [
        cv.Study(study.orders, people(200), period=DEC, replicates=20, predicted={november: one})
        for one in (said, said.assign(all_low=0.0, all_high=1.0))
    ]
    held, missed = (" ".join(cv.Sentences(page).cautions()) for page in pages)
    assert "came outside the range" not in held
    assert "came outside the range that was forecast for it" in missed
    assert "so this came outside it" in " ".join(cv.Sentences(pages[1]).trust())
