"""When a customer counts as gone quiet: the window of silence that the churn report uses too."""

from datetime import date

import pandas as pd

from helpers.metrics.churn.visits import purchase_days
from helpers.metrics.churn.window import Window, choose_window


def lapse_window(orders: pd.DataFrame, *, as_of: date, given: int = 0) -> Window:
    """Return the days without a purchase after which a customer is no longer active.

    `given` days, or with 0 those that the churn report chooses from the pauses seen up to `as_of`
    (`churn.choose_window`): both reports then count the same customers as active.

    Columns in: `customer_id`, `ordered_at`, `revenue`.

    Raises:
        MetricError: `given` is negative, or as `churn.purchase_days`.
    """
    return choose_window(purchase_days(orders), as_of=as_of, given=given or None)
