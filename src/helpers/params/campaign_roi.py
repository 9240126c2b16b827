"""Parameters of the campaign report."""

from typing import ClassVar

from pydantic import Field

from helpers.params import MarginParams


class Params(MarginParams):
    """What the campaign report may be told."""

    title: ClassVar[str] = "Campaign ROI"
    summary: ClassVar[str] = (
        "What campaigns attracted, what they caused, and how far that can be believed."
    )
    needs: ClassVar[tuple[str, ...]] = ("orders", "campaigns", "campaign_contacts")

    contact_cost: float = Field(
        ge=0, description="assumed cost of one contact, where the source has no campaign cost"
    )
    next_budget: float = Field(ge=0, description="assumed budget of the next campaigns")
    confidence: float = Field(
        ge=0.5, lt=1, description="probability of profit from which money is given"
    )
    pre_weeks: int = Field(
        ge=4, le=26, description="weeks before a campaign on which customers are compared"
    )
    control_arm: str = Field(
        min_length=1, description="arm of the customers held out at random, where there is one"
    )
    planned_control_share: float = Field(
        ge=0,
        lt=1,
        description="share of an experiment's list meant to be held out, where its campaign has no "
        "control_share; 0: not known",
    )
