"""Numbers, money, periods and dates as a reader of the report's locale writes them."""

import math
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import (
    format_compact_currency,
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
    get_currency_precision,
)

from helpers.periods import Period

NOTHING = "–"
_PATTERNS = {0: "#,##0", 1: "#,##0.0", 2: "#,##0.00", 3: "#,##0.000", 4: "#,##0.0000"}


@dataclass(frozen=True)
class Formatter:
    """Formats values by unit (`helpers.metrics.contracts.Unit`) for one currency and locale."""

    currency: str
    locale: str

    def value(self, value: object, unit: str, *, decimals: int | None = None) -> str:
        """Return the value as text; None and NaN become a dash."""
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            try:
                value = float(value)  # type: ignore[arg-type]
            except (TypeError, ValueError):
                return NOTHING if value is None else str(value)
        if not math.isfinite(value):
            return NOTHING
        text = self._text(value or 0.0, unit, decimals)
        minus_zero = math.copysign(1.0, value) < 0 and not _told(text)
        return self._text(-value, unit, decimals) if minus_zero else _with_minus(text)

    @lru_cache(maxsize=4096)  # noqa: B019 - a frozen value; a page writes the same ticks many times
    def _text(self, value: float, unit: str, decimals: int | None) -> str:
        match unit:
            case "currency":
                return self._money(value, decimals)
            case "share":
                return self._percent(value, 1 if decimals is None else decimals)
            case "points":
                return f"{self._decimal(value * 100, 1 if decimals is None else decimals)} pp"
            case "ratio":
                return f"{self._decimal(value, 2 if decimals is None else decimals)}×"
            case "days":
                return f"{self._decimal(value, self._few(value, decimals))} days"
            case "count":
                whole = float(value).is_integer() or abs(value) >= 100
                return self._decimal(value, (0 if whole else 1) if decimals is None else decimals)
        return self._decimal(value, self._few(value, decimals))

    @staticmethod
    def _few(value: float, decimals: int | None) -> int:
        if decimals is not None:
            return decimals
        if float(value).is_integer() or abs(value) >= 1000:
            return 0
        return 1 if abs(value) >= 10 else 2

    def _decimal(self, value: float, decimals: int) -> str:
        return format_decimal(value, format=_PATTERNS[min(decimals, 4)], locale=self.locale)

    def _percent(self, value: float, decimals: int) -> str:
        own = Locale.parse(self.locale).percent_formats[None].pattern
        pattern = own.replace("#,##0", f"#,##0{_tail(decimals)}")
        return format_percent(value, format=pattern, locale=self.locale)

    def _money(self, value: float, decimals: int | None) -> str:
        digits = decimals if decimals is not None else (0 if abs(value) >= 1000 or not value else 2)
        digits = min(digits, get_currency_precision(self.currency))  # the yen has no hundredths
        return format_currency(
            round(value, digits), self.currency, locale=self.locale, currency_digits=False,
            format=_money_pattern(self.locale, digits),
        )  # fmt: skip

    def short(self, value: float, unit: str) -> str:
        """Return the value as an axis writes it: `$380K`, `12%`."""
        return _with_minus(self._short(value, unit))

    def _short(self, value: float, unit: str) -> str:
        if unit == "currency" and abs(value) >= 1000:
            digits = 1 if abs(value) % 10 ** (3 * _thousands(value)) else 0
            text = format_compact_currency(
                value, self.currency, locale=self.locale, fraction_digits=digits
            )
            plain = sum(c.isdigit() for c in text) > 4  # German has no short form of a thousand
            return self.value(value, unit, decimals=0) if plain else text
        if unit in {"count", "number"} and abs(value) >= 10_000:
            return format_compact_decimal(value, locale=self.locale, fraction_digits=1).replace(
                ".0", ""
            )
        if unit == "share":
            return self.value(value, unit, decimals=0 if round(value * 100, 6).is_integer() else 1)
        if unit == "currency":
            return self.value(value, unit, decimals=0 if float(value).is_integer() else 2)
        if unit == "days":
            return self._decimal(value, self._few(value, None))
        return self.value(value, unit)

    def change(self, value: float, before: float, unit: str) -> tuple[float | None, str]:
        """Return the change since `before` and its text: in points for shares, else relative.

        The relative change from zero, from below zero or to below it is undefined: None, and the
        text is the difference in the figure's own unit.
        """
        if unit in {"share", "points"}:
            points = value - before
            return points, _signed(points, f"{self._decimal(abs(points) * 100, 1)} pp")
        if before <= 0 or value < 0:
            difference = value - before
            return None, _signed(difference, self.value(abs(difference), unit))
        relative = value / before - 1
        return relative, _signed(relative, self._percent(abs(relative), 1))

    def period(self, period: Period) -> str:
        """Return the period in words: `September 2017`, `Q3 2017`, `week 38 of 2017`."""
        if period.kind == "month":
            return format_skeleton("yMMMM", period.start, locale=self.locale)
        if period.kind == "quarter":
            return format_skeleton("yQQQ", period.start, locale=self.locale)
        if period.kind == "year":
            return str(period.start.year)
        iso = period.start.isocalendar()
        return f"week {iso.week} of {iso.year}"

    def day(self, day: date) -> str:
        """Return the day as the locale's medium date."""
        return format_date(day, format="medium", locale=self.locale)

    def month_tick(self, day: date, *, with_year: bool) -> str:
        """Return a month as an axis writes it."""
        return format_skeleton("yMMM" if with_year else "MMM", day, locale=self.locale)


def _with_minus(text: str) -> str:
    """Return a number with a true minus sign, as changes have it: many locales write a hyphen."""
    return text.replace("-", "−")


def _signed(change: float, text: str) -> str:
    """Return the text of a change with its sign; what is written as zero has none."""
    if not _told(text):
        return f"±{text}"
    return f"+{text}" if change > 0 else f"−{text}"


def _told(text: str) -> bool:
    """Return whether a number as written is not zero."""
    return any(character.isdigit() and unicodedata.digit(character) for character in text)


def _tail(decimals: int) -> str:
    return "." + "0" * decimals if decimals else ""


def _thousands(value: float) -> int:
    return min(4, int(math.log10(abs(value)) // 3)) if abs(value) >= 1 else 0


def _money_pattern(locale: str, digits: int) -> str:
    pattern = Locale.parse(locale).currency_formats["standard"].pattern
    return pattern.replace("#,##0.00", f"#,##0{_tail(digits)}")
