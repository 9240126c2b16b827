"""What the KPIs of the churn family mean."""

from helpers.metrics.contracts import Contract

ACTIVE_CUSTOMERS = Contract(
    name="active_customers",
    label="Active in the churn window",
    unit="count",
    definition=(
        "Customers who made a purchase in the churn window up to the period's last day. The window "
        "is stated beside the figure; the customer value report takes the same by default."
    ),
    formula="customers with a purchase in the last N days; N: the churn window stated on the page",
    exclusions="Days on which a customer only returned goods are no purchase.",
    precision=0,
    owner="CRM",
)
CHURN_RATE = Contract(
    name="churn_rate",
    label="Churn rate",
    unit="share",
    definition=(
        "Share of the customers active when the period began who had lapsed by its end, that is, "
        "had made no purchase for the whole churn window."
    ),
    formula="lapsed in the period / active on the day before the period; 95% Wilson interval",
    denominator="customers active on the day before the period",
    exclusions="Customers who came and lapsed within the period; those lapsed before it.",
    higher_is="worse",
    precision=4,
    owner="CRM",
)
REVENUE_CHURN_RATE = Contract(
    name="revenue_churn_rate",
    label="Revenue churn",
    unit="share",
    definition="Share of the active customers' recent revenue that came from those who lapsed.",
    formula="revenue of the lapsed / revenue of the active, both over the N days before the period",
    denominator="revenue of the customers active just before the period, in the N days before",
    exclusions="Returns lower the revenue.",
    higher_is="worse",
    precision=4,
    owner="CRM",
)
REACTIVATED_CUSTOMERS = Contract(
    name="reactivated_customers",
    label="Customers won back",
    unit="count",
    definition="Customers who had lapsed before the period and were active again at its end.",
    formula="active at the end, seen before the period, not active on the day before it",
    precision=0,
    owner="CRM",
)
RETAINED_SHARE = Contract(
    name="retained_after_half_year",
    label="Stay half a year without a lapse",
    unit="share",
    definition=(
        "Share of customers who go 182 days without a lapse, counted from the first purchase that "
        "the data hold; who was a customer before the data begin is counted from their beginning."
    ),
    formula="Kaplan–Meier estimate at 182 days from the first purchase seen to the first lapse",
    denominator="customers at the first purchase seen",
    exclusions="Customers watched for less than 182 days count for as long as they were watched.",
    precision=4,
    owner="CRM",
)
EXPECTED_CHURN_RATE = Contract(
    name="expected_churn_rate",
    label="Expected churn",
    unit="share",
    definition=(
        "Share of today's active customers whom the prediction expects to make no purchase in the "
        "coming churn window."
    ),
    formula=(
        "mean predicted probability; 95% predictive interval: chance, the error of the model's "
        "level from its training customers, and shifts common to all customers as large as those "
        "of a logistic regression's level at up to 6 earlier days (half-normal prior, scale ½)"
    ),
    denominator="customers active at the period's end",
    higher_is="worse",
    precision=4,
    owner="Data science",
)
MARGIN_AT_RISK = Contract(
    name="margin_at_risk",
    label="Margin at risk",
    unit="currency",
    definition="Margin that expected lapses would cost over the horizon set in the parameters.",
    formula="Σ probability × margin × daily revenue × expected days away",
    higher_is="worse",
    precision=2,
    owner="Data science",
)
EXPECTED_ACTION_GAIN = Contract(
    name="expected_action_gain",
    label="Expected gain of acting",
    unit="currency",
    definition="What contacting the customers for whom it pays is expected to bring, less costs.",
    formula=(
        "Σ over customers worth a contact of p·γ·(V − δ) − (1 − p)·δ − c (Neslin et al. 2006), "
        "before any are left alone as a control"
    ),
    exclusions="Customers for whom the expected gain is not above zero are not contacted.",
    precision=2,
    owner="Data science",
)
PREDICTION_AUC = Contract(
    name="churn_prediction_auc",
    label="Pairs ranked right (ROC AUC)",
    unit="share",
    definition=(
        "How often a customer who lapsed was ranked above one who stayed, on a test later than "
        "all training; half is guessing."
    ),
    formula="P(score of a lapsed > score of a kept) + ½ P(equal)",
    denominator="pairs of a customer who lapsed and one who stayed",
    precision=4,
    owner="Data science",
)
PREDICTION_RATIO = Contract(
    name="churn_observed_to_expected",
    label="Lapses seen per lapse expected",
    unit="ratio",
    definition="Lapses in the test divided by those the prediction expected; 1 is right.",
    formula="Σ lapsed / Σ predicted probability, on the test; 95% Wilson interval of the lapsed",
    higher_is="neutral",
    precision=3,
    owner="Data science",
    denominator="lapses expected: the sum of the predicted probabilities on the test",
)
LOGO_CHURN_RATE = Contract(
    name="logo_churn_rate",
    label="Logo churn",
    unit="share",
    definition="Share of the customers under contract at the start who had none at the end.",
    formula="customers lost / customers at the start; 95% Wilson interval",
    denominator="customers with recurring revenue on the day before the period",
    higher_is="worse",
    precision=4,
    owner="CRM",
)
MRR_CHURN_RATE = Contract(
    name="recurring_revenue_churn_rate",
    label="Churn of recurring revenue",
    unit="share",
    definition="Share of the recurring revenue at the start that left with its customers.",
    formula="churned MRR / MRR at the start",
    denominator="MRR on the day before the period",
    exclusions="contracts that became smaller: gross revenue retention counts them",
    higher_is="worse",
    precision=4,
    owner="Finance",
)
GRR = Contract(
    name="gross_revenue_retention",
    label="Gross revenue retention",
    unit="share",
    definition="Share of the recurring revenue at the start that was kept, growth not counted.",
    formula="1 − (churned MRR + contraction) / MRR at the start",
    denominator="MRR on the day before the period",
    precision=4,
    owner="Finance",
)
NRR = Contract(
    name="net_revenue_retention",
    label="Net revenue retention",
    unit="share",
    definition=(
        "Recurring revenue at the end of the customers of the start, against theirs then; those "
        "won or won back do not count."
    ),
    formula="1 − (churned MRR + contraction − expansion) / MRR at the start",
    denominator="MRR on the day before the period",
    precision=4,
    owner="Finance",
)
END_MRR = Contract(
    name="recurring_revenue",
    label="Monthly recurring revenue",
    unit="currency",
    definition="Recurring revenue a month of all contracts in force on the period's last day.",
    formula="Σ MRR of subscriptions with starts_on ≤ day ≤ ends_on",
    precision=2,
    owner="Finance",
)

CONTRACTS = (
    ACTIVE_CUSTOMERS,
    CHURN_RATE,
    REVENUE_CHURN_RATE,
    REACTIVATED_CUSTOMERS,
    EXPECTED_CHURN_RATE,
    MARGIN_AT_RISK,
    EXPECTED_ACTION_GAIN,
    RETAINED_SHARE,
    PREDICTION_AUC,
    PREDICTION_RATIO,
    LOGO_CHURN_RATE,
    MRR_CHURN_RATE,
    GRR,
    NRR,
    END_MRR,
)
