"""Parameters of the customer value report."""

from typing import ClassVar

from pydantic import Field

from helpers.params import BaseParams, MarginParams


class Params(MarginParams):
    """What the customer value report may be told."""

    title: ClassVar[str] = "Customer value"
    summary: ClassVar[str] = (
        "Who buys, who comes back, how much depends on how few, and what customers will be worth."
    )
    needs: ClassVar[tuple[str, ...]] = ("orders",)
    keeps_predictions: ClassVar[bool] = True

    discount_rate: float = Field(gt=-1, le=1, description="a year, such as 0.10")
    horizon: int = Field(ge=1, le=60, description="months ahead that customers are valued over")
    holdout_days: int = Field(
        ge=7, le=730, description="days kept back to check the purchase models on"
    )
    window_days: int = Field(
        ge=0,
        le=730,
        description="days without a purchase after which a customer is no longer active; 0: chosen "
        "from the pauses, as in the churn report",
    )
    rule_days: int = Field(ge=7, le=730, description="days that the plain rule of purchases knows")
    rfm_days: int = Field(ge=30, le=1830, description="days that segments and tiers look back")
    replicates: int = Field(ge=200, le=20000, description="draws behind the ranges")

    @property
    def settings(self) -> dict[str, float]:
        """The parameters of this family alone, as `customer_value.Study` takes them."""
        return self.model_dump(exclude=set(BaseParams.model_fields))
