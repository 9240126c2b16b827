"""Parameters of the sales forecast."""

from typing import ClassVar, Literal

from pydantic import Field

from helpers.params import BaseParams


class Params(BaseParams):
    """What the sales forecast may be told."""

    title: ClassVar[str] = "Sales forecast"
    summary: ClassVar[str] = (
        "What the next period should bring, how sure that is, and whether the target is near."
    )
    needs: ClassVar[tuple[str, ...]] = ("orders",)
    keeps_predictions: ClassVar[bool] = True

    target: float = Field(ge=0, description="sales target of the period; 0: none is known")
    next_target: float = Field(
        ge=0, description="sales target of the next period; 0: none is known"
    )
    growth: float = Field(
        ge=-0.5,
        le=1,
        description="assumed growth a period, where no target is known",
    )
    holidays: Literal["US", "GB", "none"] = Field(description="whose holidays shops keep")
    parts: int = Field(ge=1, le=12, description="departments and shops that are forecast singly")
