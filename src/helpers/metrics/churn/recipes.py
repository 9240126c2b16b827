"""How the page draws its charts: axes, units, titles, ready to follow a frame."""

from typing import Any

Recipe = dict[str, Any]

NO_CONTRACTS = (
    "This source records no contracts, so there is no logo churn, no gross or net revenue "
    "retention and no bridge of recurring revenue. Everything on this page rests on purchases."
)
SPEND: Recipe = {
    "x": "step",
    "y": "revenue",
    "unit": "currency",
    "grain": "segment",
    "customers": "customers",
    "title": "Change of revenue, by what customers did",
    "labels": {"step": "Customers who"},
}
RATE: Recipe = {
    "x": "period",
    "y": "churn_rate",
    "low": "churn_low",
    "high": "churn_high",
    "unit": "share",
    "customers": "start",
    "labels": {"start": "Active at the start"},
    "title": "Share of active customers who lapsed",
}
MOVES: Recipe = {
    "x": "period",
    "y": "customers",
    "group": "movement",
    "unit": "count",
    "grain": "period",
    "title": "Customers gained and lost",
}
_STAY: Recipe = {
    "x": "day",
    "y": "survival",
    "x_unit": "days",
    "unit": "share",
    "grain": "segment",
    "customers": "at_risk",
    "labels": {"day": "Days since the first purchase seen"},
}
STAY = _STAY | {"low": "low", "high": "high", "title": "Customers still without a lapse"}
STAY_BY_GROUP = _STAY | {"group": "segment", "switch": "split", "title": "Who stays longest"}
BACK: Recipe = {
    "x": "day",
    "y": "back",
    "x_unit": "days",
    "unit": "share",
    "grain": "segment",
    "customers": "at_risk",
    "title": "Lapsed customers who are back",
    "labels": {"day": "Days since the lapse"},
}
RISK: Recipe = {
    "x": "spend",
    "y": "rhythm",
    "value": "probability",
    "unit": "share",
    "grain": "segment",
    "customers": "customers",
    "labels": {"spend": "Recent spending", "rhythm": "Recent purchases"},
}
PROFIT: Recipe = {
    "x": "contacted",
    "y": "profit",
    "x_unit": "share",
    "unit": "currency",
    "grain": "bin",
    "customers": "customers",
    "reference": {"": 0.0},
    "title": "Expected gain by customers contacted (assumed)",
    "labels": {"contacted": "Share of customers contacted, best first"},
}
_GROUPS: Recipe = {"grain": "segment", "customers": "customers", "switch": "split", "x": "segment"}
EFFECTS = _GROUPS | {"y": "effect", "unit": "points", "title": "What moved the churn rate"}
RATES = _GROUPS | {
    "y": "churn_rate",
    "low": "low",
    "high": "high",
    "unit": "share",
    "title": "Churn rate by group",
}
MRR_BRIDGE: Recipe = {
    "x": "step",
    "y": "mrr",
    "unit": "currency",
    "grain": "segment",
    "customers": "customers",
    "title": "Bridge of recurring revenue",
    "says": "What was there at the start and all that moved add up to the end, to the cent.",
}
CONTRACT_STAY = _STAY | {
    "low": "low",
    "high": "high",
    "title": "Customers still under contract",
    "labels": {"day": "Days since the first contract"},
}
CONTRACT_STAY_BY_GROUP = _STAY | {
    "group": "segment",
    "switch": "split",
    "title": "Who stays under contract longest",
    "labels": {"day": "Days since the first contract"},
}
CONTRACT_RATES = RATES | {"title": "Logo churn by group"}
ASSUMPTION_GRID: Recipe = {
    "x": "success",
    "y": "cost",
    "value": "profit",
    "unit": "currency",
    "grain": "rule",
    "title": "Expected gain under other assumptions",
    "labels": {"success": "Success rate", "cost": "Cost of a contact"},
}
BACKTEST: Recipe = {
    "x": "choice",
    "y": "profit",
    "low": "low",
    "high": "high",
    "unit": "currency",
    "grain": "rule",
    "title": "What each choice would have earned (assumed success)",
}
RELIABILITY: Recipe = {
    "x": "predicted",
    "y": "observed",
    "low": "low",
    "high": "high",
    "x_unit": "share",
    "unit": "share",
    "grain": "bin",
    "customers": "customers",
    "reference": {"diagonal": 1.0},
    "title": "Predicted against what came",
    "labels": {"predicted": "Predicted share that lapses", "observed": "Share that lapsed"},
}
LIFT: Recipe = {
    "x": "decile",
    "y": "lift",
    "low": "low",
    "high": "high",
    "unit": "ratio",
    "grain": "bin",
    "customers": "customers",
    "reference": {"average": 1.0},
    "title": "Lapses by tenth of customers, riskiest first",
    "labels": {"decile": "Tenth"},
}
GAINS: Recipe = {
    "x": "x",
    "y": "y",
    "group": "score",
    "x_unit": "share",
    "unit": "share",
    "grain": "model",
    "title": "Lapses found by customers contacted",
    "labels": {"x": "Share of customers contacted, riskiest first", "y": "Share of lapses found"},
}
DRIVERS: Recipe = {
    "x": "theme",
    "y": "importance",
    "low": "low",
    "high": "high",
    "unit": "points",
    "grain": "model",
    "title": "What the model rests on",
    "labels": {"theme": "Knowledge", "importance": "Ranking quality lost without it"},
}
SCORECARD: Recipe = {
    "x": "period",
    "y": "lapses",
    "group": "what",
    "low": "low",
    "high": "high",
    "unit": "count",
    "grain": "period",
    "title": "Lapses expected and seen",
}
EXPLORE: Recipe = {
    "x": "period",
    "by": {"spend": "Recent spending", "rhythm": "Recent purchase days"},
    "customers": "customers",
    "title": "Explore churn",
}
