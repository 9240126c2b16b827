"""What would tell of a single customer: the one home of the smallest group and of the names."""

import re

MINIMUM_CUSTOMERS = 8
"""The smallest group of customers that a page shows and a slice may hold."""

_PERSON = r"(?:customer|client|household|member|account|user|contact|card)"
_IDENTIFIER = re.compile(
    rf"(?:{_PERSON}s?[_ ]?(?:id|no|nr|number|key|name)"
    r"|name|(?:first|last|full|given|family|maiden)[_ ]?name|surname"
    r"|e[-_ ]?mail(?:[_ ]?address)?|(?:tele|mobile[_ ]?|cell[_ ]?)?phone(?:[_ ]?(?:no|number))?"
    r"|street|(?:home|postal)[_ ]?address|date[_ ]of[_ ]birth|birth_?date|dob|ssn|iban)",
    re.IGNORECASE,
)
_PEOPLE = (
    "customers|clients|households|members|accounts|users|buyers|shoppers|people|persons|recipients"
    "|redeemers"
)
_REACHED = f"{_PEOPLE}|contacted|redeemed|reached|analysed|at[_ ]risk"
_OF = r"(?:(?:n|num|number|no|count)[_ ](?:of[_ ])?)?"
_COUNT = re.compile(rf"{_OF}(?:{_PEOPLE})(?:[_ ](?:n|count|counted))?", re.IGNORECASE)
_COUNT_REACHED = re.compile(rf"{_OF}(?:{_REACHED})(?:[_ ](?:n|count|counted))?", re.IGNORECASE)
_ONE = re.compile(
    r"(?:customer|client|household|member|account|user|contact|card|buyer|shopper|person|guest"
    r"|subscriber|recipient|who|id|key|code|no|nr|number)",
    re.IGNORECASE,
)


def identifies(column: str) -> bool:
    """Return whether a column of that name holds what names or reaches a single person."""
    return _IDENTIFIER.fullmatch(column.strip()) is not None


def tells_apart(column: str) -> bool:
    """Return whether a column of that name is for one person a row, or for any kind of key."""
    return _ONE.fullmatch(column.strip()) is not None


def counts_people(column: str, *, reached: bool = True) -> bool:
    """Return whether a column of that name counts customers, or (`reached`) those of them met."""
    known = _COUNT_REACHED if reached else _COUNT
    return known.fullmatch(column.strip()) is not None


def few(customers: float) -> bool:
    """Return whether so many customers are too few to show: 1 to 7, or unknown (NaN)."""
    return not (customers == 0 or customers >= MINIMUM_CUSTOMERS)
