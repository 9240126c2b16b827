"""Frames that the page draws of the evidence: checks, effects, practice runs, courses."""

from collections.abc import Sequence

import pandas as pd

from helpers.metrics.campaign_roi.balance import overlap_table
from helpers.metrics.campaign_roi.evaluation import Evaluation
from helpers.metrics.campaign_roi.evidence import CHECKS, GRADES
from helpers.metrics.campaign_roi.over_time import effect_over_time
from helpers.metrics.campaign_roi.panel import History, randomised_arms
from helpers.metrics.campaign_roi.runs import weighted_run
from helpers.metrics.campaign_roi.spans import experiments_in, ran_in
from helpers.periods import Period

_MARKS = {"pass": "✓", "fail": "✗", "unknown": "?"}


def evidence_table(evaluation: Evaluation, *, period: Period) -> pd.DataFrame:
    """Return the checks of each campaign that ran in the period, and what they amount to.

    Returns:
        One row a campaign: `campaign` (str), `contacted` (int64), one column a check with ✓ passed,
        ✗ failed, ? cannot tell or not asked (str), `evidence reason` (str).
    """
    rows = ran_in(evaluation.effects, period)
    marks = evaluation.checks.assign(mark=evaluation.checks["verdict"].map(_MARKS))
    grid = marks.pivot(index="campaign_id", columns="check", values="mark")
    grid = grid.reindex(index=rows["campaign_id"], columns=list(CHECKS.values())).fillna("–")
    table = pd.DataFrame({"campaign": named(rows), "contacted": rows["contacted"]})
    for name in grid.columns:
        table[name] = grid[name].to_numpy()
    return table.assign(evidence=rows["evidence"], reason=rows["reason"]).reset_index(drop=True)


def evidence_counts(evaluation: Evaluation, *, period: Period) -> pd.DataFrame:
    """Return how many campaigns that ran in the period have each grade of evidence.

    Returns:
        One row a grade, best first: `evidence` (str), `campaigns` (int64).
    """
    found = ran_in(evaluation.effects, period)["grade"].value_counts()
    count = [int(found.get(letter, 0)) for letter in GRADES]
    return pd.DataFrame({"evidence": list(GRADES.values()), "campaigns": count})


def effect_chart(evaluation: Evaluation, *, period: Period) -> pd.DataFrame:
    """Return the effects of the campaigns that ran in the period and have a usable comparison.

    Left out are campaigns without evidence, and those whose contacted customers have nobody like
    them: their estimate is one of the weights.

    Returns:
        One row a campaign, best evidence first: `campaign` (str, with the evidence), `analysed`
        (int64), `corrected corrected_low corrected_high` (float64, currency a customer and week).
    """
    rows = _comparable(evaluation, period).sort_values("grade", kind="stable")
    pairs = zip(rows["campaign_id"], rows["evidence"], strict=True)
    names = [f"{campaign}, {evidence.lower()}" for campaign, evidence in pairs]
    columns = ["analysed", "corrected", "corrected_low", "corrected_high"]
    return rows[columns].assign(campaign=names).reset_index(drop=True)


def _comparable(evaluation: Evaluation, period: Period) -> pd.DataFrame:
    rows = ran_in(evaluation.effects, period)
    checks = evaluation.checks
    asked = checks["check"].isin([CHECKS["overlap"], CHECKS["balance"]])
    failed = checks.loc[asked & (checks["verdict"] != "pass"), "campaign_id"]
    usable = (rows["grade"] != "D") & ~rows["campaign_id"].isin(failed)
    return rows[usable & rows["corrected"].notna()]


def practice_chart(evaluation: Evaluation, *, most: int = 12) -> pd.DataFrame:
    """Return what the comparison found in the weeks before each of the latest campaigns.

    Returns:
        One row a campaign with practice runs, by start: `campaign` (str, with the verdict),
        `contacted` (int64), `effect low high` (float64, currency a customer and week; mean over its
        practice runs and 95 % interval).
    """
    rows = evaluation.effects[evaluation.effects["placebo_effect"].notna()].tail(most)
    check = evaluation.checks[evaluation.checks["check"] == CHECKS["practice"]]
    verdict = rows["campaign_id"].map(check.set_index("campaign_id")["verdict"])
    words = verdict.map({"pass": "passed", "fail": "failed", "unknown": "cannot tell"})
    reach = 1.959964 * rows["placebo_error"]
    return pd.DataFrame(
        {
            "campaign": [f"{a}, {b}" for a, b in zip(rows["campaign_id"], words, strict=True)],
            "contacted": rows["contacted"],
            "effect": rows["placebo_effect"],
            "low": rows["placebo_effect"] - reach,
            "high": rows["placebo_effect"] + reach,
        }
    ).reset_index(drop=True)


_COURSE = ["campaign", "claimable", "week", "day", "contacted", "comparison", "cumulative"]
_COURSE += ["cumulative_low", "cumulative_high", "customers"]


def courses(
    history: History, evaluation: Evaluation, *, period: Period, pre_weeks: int
) -> pd.DataFrame:
    """Return `effect_over_time` of the campaigns that ran in the period and can be compared.

    Returns:
        One row a campaign and week: `campaign` (str, with the evidence), `claimable` (bool), the
        columns of `effect_over_time` but `effect`, `day` (int64, of the week's first day, the start
        is 0), `customers` (int64, contacted customers compared). Campaigns with a control arm, and
        those whose first week is not complete, are left out.
    """
    rows = _comparable(evaluation, period)
    rows = rows[rows["design"] == "weighted comparison"]
    rows = rows.sort_values(["grade", "analysed"], ascending=[True, False])
    tables = []
    for row in rows.to_dict("records"):
        panel = history.around(row["campaign_id"])
        weeks = effect_over_time(panel, pre_weeks=pre_weeks, errors=evaluation.errors)
        if (weeks["week"] >= 0).any():
            name = f"{row['campaign_id']}, {row['evidence'].lower()}"
            known = {"claimable": bool(row["claimable"]), "customers": row["analysed"]}
            tables.append(weeks.assign(campaign=name, day=7 * weeks["week"], **known))
    if not tables:
        return pd.DataFrame(columns=_COURSE).astype({"claimable": bool})
    return pd.concat(tables, ignore_index=True)[_COURSE]


def course_chart(course: pd.DataFrame) -> pd.DataFrame:
    """Return the weekly sales of `courses` with one row for each of the two groups.

    Returns:
        `campaign group` (str), `day customers` (int64), `sales` (float64, currency a customer and
        week).
    """
    long = course.melt(
        id_vars=["campaign", "day", "customers"],
        value_vars=["contacted", "comparison"],
        var_name="group",
        value_name="sales",
    )
    words = {"contacted": "Contacted", "comparison": "Customers like them"}
    return long.assign(group=long["group"].map(words))


def cumulative_chart(course: pd.DataFrame) -> pd.DataFrame:
    """Return the cumulative effect of the claimable campaigns of `courses`, by day."""
    rows = course[course["claimable"].astype(bool) & (course["week"] >= 0)]
    return rows.assign(day=rows["day"] + 7)


def balance_chart(evaluation: Evaluation, *, campaign: str | None, most: int = 8) -> pd.DataFrame:
    """Return how alike the groups of a campaign were, as they are and weighted.

    Returns:
        One row a covariate and group, the `most` unlike covariates: `trait` (str), `weighting` (`As
        they are` or `Weighted`), `difference` (float64, standard deviations). Empty where the
        campaign was not compared.
    """
    rows = evaluation.balance[evaluation.balance["campaign_id"] == campaign]
    words = {"difference_before": "As they are", "difference_after": "Weighted"}
    worst = rows[list(words)].astype(float).abs().max(axis=1).sort_values(ascending=False)
    rows = rows.loc[worst.index[:most]]
    long = rows.rename(columns={"covariate": "trait"}).melt(
        id_vars="trait", value_vars=list(words), var_name="weighting", value_name="difference"
    )
    return long.assign(weighting=long["weighting"].map(words))


def overlap_chart(history: History, *, campaign: str | None, pre_weeks: int) -> pd.DataFrame:
    """Return who had which chance of being contacted, see `overlap_table`; `chance` as text.

    Empty where the campaign could not be compared, and where it has a control group.
    """
    columns = ["chance", "group", "customers", "share"]
    if campaign is None:
        return pd.DataFrame(columns=columns)
    panel = history.around(campaign)
    randomised = bool(randomised_arms(panel, history.control_arm))
    if randomised or panel.weeks_before < pre_weeks or not panel.contacted.any():
        return pd.DataFrame(columns=columns)
    run = weighted_run(panel, pre_weeks=pre_weeks)
    table = overlap_table(run.comparison, contacted=panel.contacted)
    percent = (table["chance"] * 100).round().astype(int)
    return table.assign(chance=(percent - 5).astype(str) + "–" + (percent + 5).astype(str) + "%")


def arms_chart(evaluation: Evaluation, *, period: Period) -> pd.DataFrame:
    """Return the arms of the randomised campaigns of the period that can be judged.

    Returns:
        One row an arm, as in `Evaluation.arms`, with `campaign` (str).
    """
    rows = experiments_in(evaluation.effects, period)
    known = pd.DataFrame({"campaign_id": rows["campaign_id"], "campaign": named(rows)})
    return known.merge(evaluation.arms, on="campaign_id")


def largest_campaign(evaluation: Evaluation, *, period: Period) -> str | None:
    """Return the campaign of the period with the most contacts, None if there is none."""
    rows = ran_in(evaluation.effects, period)
    if rows.empty:
        return None
    return str(rows.loc[rows["contacted"].astype(int).idxmax(), "campaign_id"])


def named(rows: pd.DataFrame) -> Sequence[str]:
    """Return what a reader calls each campaign: its id and type."""
    pairs = zip(rows["campaign_id"], rows["campaign_type"], strict=True)
    return [f"{campaign}, {kind}" if kind else str(campaign) for campaign, kind in pairs]
