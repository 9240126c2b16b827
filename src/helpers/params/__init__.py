"""Parameters: values from `params/*.yml`, types and bounds from one model a family."""

from helpers.params.base import BaseParams, MarginParams
from helpers.params.values import (
    families,
    model,
    parse_assignments,
    resolve,
    sources,
    validate,
)

__all__ = [
    "BaseParams",
    "MarginParams",
    "families",
    "model",
    "parse_assignments",
    "resolve",
    "sources",
    "validate",
]
