"""Parameters of the churn report."""

from typing import ClassVar

from pydantic import Field

from helpers.params import MarginParams


class Params(MarginParams):
    """What the churn report may be told."""

    title: ClassVar[str] = "Churn"
    summary: ClassVar[str] = (
        "Who stopped buying, why, who may be next, and whether acting on it would pay."
    )
    needs: ClassVar[tuple[str, ...]] = ("orders",)
    keeps_predictions: ClassVar[bool] = True

    window_days: int = Field(
        ge=0,
        le=730,
        description="days without a purchase that count as a lapse; 0: chosen from the pauses",
    )
    cover: float = Field(
        ge=0.5, lt=1, description="share of the pauses that ended which the window must cover"
    )
    editions: int = Field(
        ge=0, le=12, description="earlier predictions that are compared with what came"
    )
    contact_cost: float = Field(ge=0, description="assumed cost of one contact")
    incentive_cost: float = Field(
        ge=0, description="assumed cost of the incentive for each contacted customer who stays"
    )
    success_rate: float = Field(
        ge=0, le=1, description="assumed share of would-be lapses that a contact prevents"
    )
    horizon_days: int = Field(
        ge=7, le=1095, description="days ahead over which a lost customer's margin is counted"
    )
