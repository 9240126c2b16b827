"""Distinct customers behind the cells of a cube: counts of single cells do not add up to them."""

from collections.abc import Sequence

import pandas as pd


def with_distinct(
    cube: pd.DataFrame, rows: pd.DataFrame, *, x: str, by: Sequence[str], name: str
) -> pd.DataFrame:
    """Return the cube with the distinct customers of each `x`, whole and by each way to split.

    Columns in: `cube` and `rows` have `x` and the `by` columns; `rows` has `customer_id`, and one
    row or more a customer that counts. Columns out: those of the cube, and with every cell
    `{name}_in_all` (customers of its `x`) and `{name}_by_{column}` (of its `x` and group), int64;
    0 where nobody counts. A customer of several cells counts once. Grain: as the cube.
    """
    found = cube
    for column, keys in _keys(x, by, name).items():
        counts = rows.groupby(keys, observed=True)["customer_id"].nunique().rename(column)
        found = found.merge(counts.reset_index(), on=keys, how="left")
        found[column] = found[column].fillna(0).astype("int64")
    return found


def with_summed(cube: pd.DataFrame, *, x: str, by: Sequence[str], name: str) -> pd.DataFrame:
    """Return `with_distinct` of a cube whose customers stand in one cell of each `x` only.

    Columns in: `x`, the `by` columns, `name` (int64; distinct customers of the cell). Columns out:
    as `with_distinct`; there the counts of cells do add up.
    """
    keys = _keys(x, by, name)
    return cube.assign(
        **{c: cube.groupby(k, observed=True)[name].transform("sum") for c, k in keys.items()}
    )


def _keys(x: str, by: Sequence[str], name: str) -> dict[str, list[str]]:
    return {f"{name}_in_all": [x], **{f"{name}_by_{column}": [x, column] for column in by}}
