"""The KPIs of customer value: what each means, exactly."""

from helpers.metrics.contracts import Contract

CUSTOMER_REVENUE = Contract(
    name="customer_revenue",
    label="Revenue",
    unit="currency",
    definition="What customers paid in the period, after returns.",
    formula="Σ revenue of orders placed in the period",
    exclusions="Rows that cleaning removed; orders without a customer.",
    reconciles="orders.revenue",
    owner="Finance",
)
BUYING_CUSTOMERS = Contract(
    name="buying_customers",
    label="Customers who bought",
    unit="count",
    definition="Different customers with at least one purchase in the period.",
    formula="number of customers with a purchase day in the period",
    exclusions="Customers who only returned goods.",
    precision=0,
    owner="CRM",
)
PURCHASES_PER_CUSTOMER = Contract(
    name="purchases_per_customer",
    label="Purchases per customer",
    unit="number",
    definition="On how many days a customer who bought in the period came to buy.",
    formula="purchase days / customers who bought; same-day orders are one purchase",
    denominator="customers who bought in the period",
    exclusions="Days on which a customer only returned goods.",
    owner="CRM",
)
AVERAGE_PURCHASE_VALUE = Contract(
    name="average_purchase_value",
    label="Value per purchase",
    unit="currency",
    definition="What a customer spends on a day on which he or she buys.",
    formula="revenue / purchase days",
    denominator="purchase days of the period; same-day orders are one purchase",
    exclusions="None: returns of the period reduce its revenue.",
    owner="CRM",
)
TOP_DECILE_SHARE = Contract(
    name="top_decile_share",
    label="Share of the top tenth",
    unit="share",
    definition="How much of the period's revenue comes from the tenth of customers who spent most.",
    formula="revenue of the 10% of buying customers who spent most / revenue of all of them",
    denominator="revenue of the customers who bought in the period",
    exclusions="Customers who returned more than they bought count as zero.",
    higher_is="neutral",
    precision=4,
    owner="CRM",
)
NET_CUSTOMER_CHANGE = Contract(
    name="net_customer_change",
    label="Net change of active customers",
    unit="count",
    definition="Customers won (new or back) less customers lost. Active are those who bought "
    "within the lapse window, whose days stand beside the figure; unless set otherwise it is the "
    "churn report's.",
    formula="new + reactivated - lost = active at the end - active at the start of the period; "
    "active on a day = bought in the N days up to it; N: the lapse window",
    exclusions="Customers who come and go within the period.",
    precision=0,
    owner="CRM",
)
EXPECTED_CUSTOMER_VALUE = Contract(
    name="expected_customer_value",
    label="Expected value per customer",
    unit="currency",
    definition="What a known customer is expected to be worth over the coming months, on average, "
    "discounted to today. The range is for what customers will really bring: it holds the luck of "
    "purchases, what is not known of each customer and of the model, and the model's error in "
    "earlier checks.",
    formula="mean over customers of Σ margin · E[value of a purchase] · E[purchases in month t] "
    "/ (1 + d)^t, t = 1 … horizon",
    denominator="every customer seen up to the end of the period",
    exclusions="Customers yet to be won.",
    owner="Data science",
)
EXPECTED_TOTAL_VALUE = Contract(
    name="expected_total_value",
    label="Expected value of all customers",
    unit="currency",
    definition="What all known customers together are expected to be worth over the coming months.",
    formula="expected value per customer × customers seen",
    exclusions="Customers yet to be won.",
    owner="Data science",
)
REVENUE_GINI = Contract(
    name="revenue_gini",
    label="Gini coefficient",
    unit="number",
    definition="How unevenly revenue is spread over customers: 0 all alike, 1 one has all.",
    formula="Σ (2i - n - 1) v_i / (n Σ v), customers in ascending order of revenue in the window",
    exclusions="Customers who returned more than they bought count as zero.",
    higher_is="neutral",
    precision=3,
    owner="CRM",
    denominator="customers × revenue of all customers in the window",
)
HOLDOUT_BIAS = Contract(
    name="purchase_forecast_bias",
    label="Error of the purchase forecast",
    unit="share",
    definition="By how much the kind of model in use missed the number of purchases on the latest "
    "days, having been fitted without them. Where there was a choice of models, these days also "
    "decided it, which flatters the figure.",
    formula="expected / actual purchases in the holdout - 1",
    denominator="actual purchases in the holdout",
    exclusions="Customers first seen in the holdout.",
    higher_is="neutral",
    precision=4,
    owner="Data science",
)
VALUE_ERROR = Contract(
    name="value_forecast_error",
    label="Usual error of the revenue forecast",
    unit="share",
    definition="By how much the kind of model in use usually missed the revenue of known customers "
    "on earlier stretches of the history, each time fitted to what came before.",
    formula="√ mean over the checks of (expected / actual revenue - 1)²",
    denominator="actual revenue of the customers known before each check",
    exclusions="Customers first seen in a check.",
    higher_is="worse",
    precision=4,
    owner="Data science",
)
RANGE_COVERAGE = Contract(
    name="value_range_coverage",
    label="Customers inside their range",
    unit="share",
    definition="Share of customers whose revenue in the checks came within the 95% range that the "
    "model by itself gave for each of them. Less means that customers change more than the model "
    "knows; the ranges on the page are widened by that.",
    formula="customers inside their range / customers, over all checks",
    denominator="customers known before each check",
    exclusions="Customers first seen in a check.",
    higher_is="neutral",
    precision=4,
    owner="Data science",
)

CONTRACTS = (
    CUSTOMER_REVENUE,
    BUYING_CUSTOMERS,
    PURCHASES_PER_CUSTOMER,
    AVERAGE_PURCHASE_VALUE,
    TOP_DECILE_SHARE,
    NET_CUSTOMER_CHANGE,
    EXPECTED_CUSTOMER_VALUE,
    EXPECTED_TOTAL_VALUE,
    REVENUE_GINI,
    HOLDOUT_BIAS,
    VALUE_ERROR,
    RANGE_COVERAGE,
)
