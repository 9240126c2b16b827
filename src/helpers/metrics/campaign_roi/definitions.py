"""The KPIs of the campaign report and what they mean."""

from helpers.metrics.contracts import Contract

_CONTROL = "Customers of a control group: they were not contacted."

CONTRACTS: tuple[Contract, ...] = (
    Contract(
        name="contacted_customers",
        label="Customers contacted",
        unit="count",
        definition="Customers on the list of at least one campaign that ran in the period.",
        formula="distinct customers among the contacts of campaigns that ran in the period",
        exclusions=_CONTROL,
        higher_is="neutral",
        precision=0,
        owner="Marketing",
    ),
    Contract(
        name="campaign_response_rate",
        label="Response rate",
        unit="share",
        definition=(
            "How many of all contacts, by campaigns that ran in the period, led to a used coupon."
        ),
        formula=(
            "contacts with a coupon redeemed in the period / contacts of campaigns that ran in it; "
            "95% Wilson interval with the effective number of contacts, clustered by customer"
        ),
        denominator="contacts (a customer in two campaigns counts twice)",
        exclusions=f"{_CONTROL} Coupons used by customers who were not on the list.",
        precision=4,
        owner="Marketing",
    ),
    Contract(
        name="attributed_revenue",
        label="Attributed revenue",
        unit="currency",
        definition=(
            "Sales of the baskets in which a campaign's coupon was used. Most of these customers "
            "would have bought something anyway: this is not what the campaign caused."
        ),
        formula=(
            "Σ revenue of the baskets of a redemption's customer and day; split by coupons where "
            "campaigns share a day"
        ),
        exclusions="Redemptions without a basket on the same day.",
        owner="Marketing",
    ),
    Contract(
        name="coupon_cost",
        label="Coupon discounts",
        unit="currency",
        definition=(
            "What the coupons took off the price in those baskets. Manufacturers may pay part of "
            "it, so it is the most that the coupons can have cost."
        ),
        formula="Σ coupon discount of the baskets counted in attributed revenue",
        exclusions="Mailing, creative work, and discounts without a coupon: tied to no campaign.",
        higher_is="neutral",
        owner="Finance",
    ),
    Contract(
        name="attributed_roas",
        label="Attributed sales per discount",
        unit="ratio",
        definition=(
            "Attributed revenue for each unit of coupon discount (attributed ROAS). It flatters: "
            "sales that would have come anyway are in it."
        ),
        formula="attributed revenue / coupon discounts",
        owner="Marketing",
        denominator="coupon discounts of the same campaigns",
    ),
    Contract(
        name="incremental_revenue",
        label="Incremental revenue",
        unit="currency",
        definition=(
            "Sales that would not have come without the campaigns that ended in the period. Shown "
            "only where the evidence is an experiment or a fair comparison: one whose practice "
            "runs rule out an error as large as the effect from which the campaign pays."
        ),
        formula=(
            "Σ over claimable campaigns: effect a customer and week · weeks · contacted customers "
            "compared; errors added over campaigns"
        ),
        exclusions="Campaigns without usable evidence.",
        owner="Marketing",
    ),
    Contract(
        name="campaign_roi",
        label="Return on investment",
        unit="share",
        definition=(
            "Profit of the claimable campaigns that ended in the period for each unit spent. "
            "Margin and mailing cost are assumed, not measured. Shown only where the incremental "
            "revenue differs from zero by more than chance."
        ),
        formula=(
            "(assumed margin · incremental revenue − cost) / cost, where cost = coupon discounts + "
            "contacts · assumed cost of a contact"
        ),
        denominator="cost of the same campaigns",
        exclusions="Campaigns without usable evidence, and their cost.",
        precision=4,
        owner="Marketing",
    ),
    Contract(
        name="all_sales",
        label="Sales to all customers",
        unit="currency",
        definition="What all customers paid in the period, contacted or not, after returns.",
        formula="sum of revenue over the orders dated in the period",
        exclusions="Rows that cleaning removed; see data quality.",
        reconciles="orders.revenue",
        owner="Marketing",
    ),
    Contract(
        name="coupon_sales_share",
        label="Share of sales with a coupon",
        unit="share",
        definition="How much of all sales came in baskets in which a campaign's coupon was used.",
        formula="attributed revenue / sales to all customers",
        denominator="sales of the period to all customers",
        higher_is="neutral",
        precision=4,
        owner="Marketing",
    ),
    Contract(
        name="evidence_share",
        label="Campaigns with usable evidence",
        unit="share",
        definition="Of the campaigns that ended in the period, those whose effect can be judged.",
        formula="campaigns graded A or B / campaigns that ended in the period",
        denominator="campaigns that ended in the period",
        precision=4,
        owner="Data science",
    ),
    Contract(
        name="comparison_error",
        label="Error of the comparison",
        unit="currency",
        definition=(
            "What the comparison finds, on average, in weeks before a campaign began, where the "
            "truth is zero. From ten such runs on, all effects are corrected for it."
        ),
        formula=(
            "precision-weighted mean effect a customer and week over all comparable practice runs"
        ),
        higher_is="neutral",
        owner="Data science",
    ),
)
