"""How far to trust a prediction: the figures behind the sentences."""

from dataclasses import dataclass

from helpers.errors import MetricError
from helpers.metrics.churn.evaluation import calibration, value_of
from helpers.metrics.churn.study import MODEL, Study


@dataclass(frozen=True)
class Trust:
    """The figures by which to judge a prediction, from its test.

    Attributes:
        beats: whether the model ranks better than every rule for sure: the lower bound of the
            paired difference in ROC AUC is above 0 for each.
        rule: the best plain rule by log loss.
        roc_auc, low, high: of the score used, with its interval.
        rule_auc: of the best rule.
        ahead, ahead_low, ahead_high: ROC AUC of the model less that of the best rule.
        customers, observed: tested, and lapsed among them.
        expected, expected_low, expected_high: lapses expected, and the range that chance allows.
        slope: of the calibration; 1 is right, below 1 overconfident.
    """

    beats: bool
    rule: str
    roc_auc: float
    low: float
    high: float
    rule_auc: float
    ahead: float
    ahead_low: float
    ahead_high: float
    customers: int
    observed: int
    expected: float
    expected_low: float
    expected_high: float
    slope: float

    @property
    def level_is_right(self) -> bool:
        """Whether the number of lapses lies within what chance alone allows."""
        return self.expected_low <= self.observed <= self.expected_high


def trust(found: Study) -> Trust:
    """Return the figures by which to judge a study.

    Raises:
        MetricError: the study has no prediction.
    """
    if not found.usable:
        raise MetricError(found.reason, hint="Ask `study.usable` first.")
    rules = [name for name in found.columns if name != MODEL]
    rule = min(rules, key=lambda name: (value_of(found.scores, name, "log_loss"), name))
    level = calibration(found.test)
    return Trust(
        beats=all(value_of(found.scores, n, "roc_auc", "ahead_low") > 0 for n in rules),
        rule=rule,
        roc_auc=value_of(found.scores, found.used, "roc_auc"),
        low=value_of(found.scores, found.used, "roc_auc", "low"),
        high=value_of(found.scores, found.used, "roc_auc", "high"),
        rule_auc=value_of(found.scores, rule, "roc_auc"),
        ahead=value_of(found.scores, rule, "roc_auc", "ahead"),
        ahead_low=value_of(found.scores, rule, "roc_auc", "ahead_low"),
        ahead_high=value_of(found.scores, rule, "roc_auc", "ahead_high"),
        customers=int(level["customers"]),
        observed=int(level["observed"]),
        expected=level["expected"],
        expected_low=level["expected_low"],
        expected_high=level["expected_high"],
        slope=level["slope"],
    )
