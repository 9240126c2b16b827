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
)
BUYING_CUSTOMERS = Contract(
    name="buying_customers",
    label="Customers who bought",
    unit="count",
    definition="Different customers with at least one purchase in the period.",
    formula="number of customers with a purchase day in the period",
    exclusions="Customers who only returned goods.",
    precision=0,
)
PURCHASES_PER_CUSTOMER = Contract(
    name="purchases_per_customer",
    label="Purchases per customer",
    unit="number",
    definition="On how many days a customer who bought in the period came to buy.",
    formula="purchase days / customers who bought; same-day orders are one purchase",
)
AVERAGE_PURCHASE_VALUE = Contract(
    name="average_purchase_value",
    label="Value per purchase",
    unit="currency",
    definition="What a customer spends on a day on which he or she buys.",
    formula="revenue / purchase days",
    exclusions="None: returns of the period reduce its revenue.",
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
)
NET_CUSTOMER_CHANGE = Contract(
    name="net_customer_change",
    label="Net change of active customers",
    unit="count",
    definition="Customers won (new or back) less customers lost; active means: bought lately.",
    formula="new + reactivated - lost = active at the end - active at the start of the period; "
    "active = bought in the days of the activity window",
    exclusions="Customers who come and go within the period.",
    precision=0,
)
EXPECTED_CUSTOMER_VALUE = Contract(
    name="expected_customer_value",
    label="Expected value per customer",
    unit="currency",
    definition="What a known customer is expected to be worth over the coming months, on average, "
    "discounted to today.",
    formula="mean over customers of Σ margin · E[value of a purchase] · E[purchases in month t] "
    "/ (1 + d)^t, t = 1 … horizon",
    denominator="every customer seen up to the end of the period",
    exclusions="Customers yet to be won.",
)
EXPECTED_TOTAL_VALUE = Contract(
    name="expected_total_value",
    label="Expected value of all customers",
    unit="currency",
    definition="What all known customers together are expected to be worth over the coming months.",
    formula="expected value per customer × customers seen",
    exclusions="Customers yet to be won.",
)
REVENUE_GINI = Contract(
    name="revenue_gini",
    label="Gini coefficient",
    unit="number",
    definition="How unevenly revenue is spread over customers: 0 all alike, 1 one has all.",
    formula="Σ (2i - n - 1) v_i / (n Σ v), customers in ascending order of revenue in the window",
    higher_is="neutral",
    precision=3,
)
HOLDOUT_BIAS = Contract(
    name="purchase_forecast_bias",
    label="Error of the purchase forecast",
    unit="share",
    definition="By how much the model in use missed the number of purchases in a period that it "
    "had not seen.",
    formula="expected / actual purchases in the holdout - 1",
    denominator="actual purchases in the holdout",
    higher_is="neutral",
    precision=4,
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
)
