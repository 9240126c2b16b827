"""Values as a reader of the locale writes them."""

import pytest

from helpers.report.format import NOTHING, Formatter

US, GERMAN = Formatter("USD", "en_US"), Formatter("EUR", "de_DE")
YEN = Formatter("JPY", "ja_JP")


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (1234.4, "currency", "$1,234"),  # hundredths say nothing beside thousands
        (12.344, "currency", "$12.34"),
        (-12.3, "currency", "−$12.30"),
        (0.0, "currency", "$0"),
        (0.0884, "share", "8.8%"),
        (0.012, "points", "1.2 pp"),
        (2.5, "ratio", "2.50×"),
        (3, "days", "3 days"),
        (1234567, "count", "1,234,567"),
        (2.5, "count", "2.5"),
        (-0.0004, "points", "0.0 pp"),  # what rounds to nothing has no sign
        (-0.001, "currency", "$0.00"),
        (float("nan"), "currency", NOTHING),
        (None, "share", NOTHING),
    ],
)
def test_a_value_is_written_by_its_unit(value: object, unit: str, said: str) -> None:
    assert US.value(value, unit) == said


def test_a_german_reader_gets_german_numbers() -> None:
    assert GERMAN.value(1234567.0, "currency") == "1.234.567\N{NO-BREAK SPACE}€"
    assert GERMAN.value(0.0884, "share") == "8,8\N{NO-BREAK SPACE}%"


def test_a_currency_without_hundredths_shows_none() -> None:
    assert YEN.value(500.4, "currency").endswith("500")


def test_a_change_is_in_points_for_shares_and_undefined_from_nothing() -> None:
    change, text = US.change(0.10, 0.08, "share")
    assert change == pytest.approx(0.02)
    assert "2.0 pp" in text
    relative, words = US.change(110.0, 100.0, "currency")
    assert relative == pytest.approx(0.10)
    assert "10.0%" in words
    assert US.change(5.0, 0.0, "count")[0] is None
    assert US.change(5.0, -5.0, "currency") == (None, "+$10.00")


def test_a_figure_that_falls_below_zero_changes_by_its_difference() -> None:
    assert US.change(-24, 19, "count") == (None, "−43")
    assert US.change(-24, -30, "count") == (None, "+6")
    assert US.change(0, 0, "count") == (None, "±0")
    assert US.change(0, 20, "count") == (-1.0, "−100.0%")
