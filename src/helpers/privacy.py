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


def identifies(column: str) -> bool:
    """Return whether a column of that name holds what names or reaches a single person."""
    return _IDENTIFIER.fullmatch(column.strip()) is not None
