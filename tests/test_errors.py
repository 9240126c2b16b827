"""Errors name the place, the rows and the mend."""

import pickle

from helpers.errors import DataError, did_you_mean


def test_the_text_names_file_column_first_rows_and_hint() -> None:
    error = DataError(
        "4 dates cannot be read",
        file="orders.csv",
        column="date",
        keys=[7, 9, 12, 40],
        hint="Mend.",
    )
    assert str(error).splitlines() == [
        "orders.csv, column 'date': 4 dates cannot be read",
        "  Rows: 7, 9, 12 and 1 more",
        "  Hint: Mend.",
    ]


def test_an_error_survives_the_way_from_a_worker_process() -> None:
    error = DataError("no such file", file="a.csv", hint="Create it.")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(again), str(again), again.exit_status) == (DataError, str(error), 3)


def test_a_near_name_is_suggested_and_all_are_listed() -> None:
    assert did_you_mean("regoin", ["region", "segment"]) == (
        "did you mean `region`? Valid: region, segment."
    )
    assert did_you_mean("zzz", ["region"]) == "Valid: region."
