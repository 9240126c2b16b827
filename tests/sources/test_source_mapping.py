"""What `params/sources/*.yml` may say, and how a slip in it is told."""

import pytest

from helpers.errors import ParameterError, UsageError
from helpers.sources import available, describe
from helpers.sources.declaration import read_declaration


def refused(shop) -> str:
    with pytest.raises(ParameterError) as caught:
        shop.describe()
    assert caught.value.exit_status == 2
    assert "shop.yml" in str(caught.value)
    return str(caught.value)


def test_a_source_is_available_once_its_file_is_there(shop):
    assert available() == []
    shop.declare()
    assert available() == ["shop"]


def test_an_unknown_source_is_told_with_the_nearest_one(shop):
    shop.declare()
    with pytest.raises(UsageError, match="did you mean `shop`"):
        describe("shops")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda s: s.mapping.update(limit={}), "unknown key 'limit': did you mean `limits`?"),
        (lambda s: s.orders.update(colums={}), "unknown key 'colums': did you mean `columns`?"),
        (lambda s: s.column("revenue", decimals=","), "unknown key 'decimals': did you mean"),
        (lambda s: s.tables.update(order=s.orders), "'order' is no canonical table"),
        (lambda s: s.orders["columns"].pop("revenue"), "orders needs the column 'revenue'"),
        (lambda s: s.column("revenue", kind="text"), "orders.revenue is always of kind 'money'"),
        (lambda s: s.column("revenue", literal=1), "exactly one of column, literal, sum, product"),
        (lambda s: s.column("revenue", format="%d.%m.%Y"), "`format` is for date or time"),
        (lambda s: s.column("ordered_at", format="%Q"), "'%Q' reads no date: 'Q' is a bad dir"),
        (lambda s: s.column("ordered_at", format="%Y %Y"), "'%Y %Y' reads no date"),
        (lambda s: s.column("ordered_at", format="%Y-%m"), "does not tell year, month and day"),
        (lambda s: s.column("ordered_at", format="%d.%m."), "does not tell year, month and day"),
        (lambda s: s.params.update(time_zone=5), "5 is no IANA time zone"),
        (lambda s: s.column("ordered_at", thousands=","), "`thousands` is for money or number"),
        (lambda s: s.column("revenue", values={"a": "b"}), "`values` is for id or text"),
        (lambda s: s.column("revenue", keep=False), "orders needs the column 'revenue'"),
        (lambda s: s.orders.update(csv={"decimal": ",", "thousands": ","}), "cannot be the same"),
        (lambda s: s.orders.update(csv={"delimiter": "||"}), "at most 1 character"),
        (lambda s: s.mapping.update(limits={"quarantined": 2}), "less than or equal to 1"),
    ],
)
def test_a_slip_in_the_mapping_is_told_with_its_place(shop, spoil, told):
    spoil(shop)
    assert told in refused(shop)


LOW = {"column": "revenue", "at_most": 0}


@pytest.mark.parametrize(
    ("where", "more", "told"),
    [
        (LOW | {"column": "revenu"}, {"action": "remove"}, "did you mean `revenue`"),
        ({"column": "revenue"}, {"action": "remove"}, "exactly one of"),
        (LOW | {"missing": True}, {"action": "flag"}, "exactly one of"),
        ({"repeats": ["order_id"], "column": "revenue"}, {"action": "flag"}, "`repeats` alone"),
        ({"column": "order_id", "matches": "("}, {"action": "flag"}, "no regular expression"),
        (LOW, {"action": "drop"}, "'remove'"),
        (LOW, {"action": "correct"}, "needs `set`"),
        (LOW, {"action": "flag", "set": {"revenue": 1}}, "only that needs `set`"),
        (LOW, {"action": "flag", "reason": "x"}, "reason"),
    ],
)
def test_a_slip_in_a_rule_is_told(shop, where, more, told):
    shop.rule(name="a_rule", where=where, **more)
    assert told in refused(shop)


def test_two_rules_of_one_name_are_refused(shop):
    for _ in range(2):
        shop.rule(name="same", where={"column": "revenue", "at_most": 0}, action="flag")
    assert "two rules are called 'same'" in refused(shop)


@pytest.mark.parametrize(
    "where",
    [
        {"column": "ordered_at", "above": "soon"},
        {"column": "revenue", "starts_with": "1"},
        {"column": "revenue", "one_of": ["much"]},
        {"column": "customer_id", "above": 3},
    ],
)
def test_a_condition_that_does_not_fit_its_column_is_told(shop, where):
    shop.rule(name="late", where=where, action="remove")
    with pytest.raises(ParameterError, match=r"shop\.yml: .* does not fit its values"):
        shop.load()


@pytest.mark.parametrize("correction", [{"set": {"revenue": "much"}}, {"negate": ["customer_id"]}])
def test_a_correction_that_does_not_fit_its_column_is_told(shop, correction):
    shop.rule(name="odd", where=LOW | {"at_most": 9}, action="correct", **correction)
    with pytest.raises(
        ParameterError, match=r"shop\.yml: .* 'odd' sets what its column cannot hold"
    ):
        shop.load()


@pytest.mark.parametrize("key", ["label", "note"])
def test_label_and_note_are_needed(shop, key):
    shop.declare()
    path = shop.root / "params" / "sources" / "shop.yml"
    path.write_text(path.read_text().replace(f"{key}:", f"{key}: ''  #"))
    with pytest.raises(ParameterError, match=f"needs a text '{key}'"):
        read_declaration("shop")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("mapping: [", "cannot be read as YAML"),
        ("label: x\nlabel: y\n", "the key 'label' is given twice"),
        ("- a\n- b\n", "must hold `name: value` lines"),
        ("label: x\nnote: y\n", "has no `mapping:`"),
        ("label: x\nnote: y\nparams: [a]\n", "`params:` must hold `name: value` lines"),
        ("label: x\nnote: y\nmaping: {}\n", "unknown key 'maping'"),
        ("label: x\nnote: y\nmapping: {tables: {}}\n", "at least 1 item"),
    ],
)
def test_a_file_that_is_no_declaration_is_refused(shop, content, told):
    (shop.root / "params" / "sources" / "shop.yml").write_text(content)
    with pytest.raises(ParameterError, match=told):
        read_declaration("shop")


def test_a_zone_needs_a_local_zone_and_both_must_exist(shop):
    shop.column("ordered_at", time_zone="UTC")
    assert "no local time zone is declared" in refused(shop)
    shop.params["time_zone"] = "Europe/Zürich"
    assert "is no IANA time zone" in refused(shop)
    shop.params["time_zone"] = "Europe/Zurich"
    shop.describe()


def test_a_derived_table_must_come_from_a_table_that_is_read(shop):
    shop.tables["customers"] = {
        "derived_from": "lines",
        "by": "customer_id",
        "columns": {"last": {"max": "ordered_at"}},
    }
    assert "which is no table read from a file" in refused(shop)
    shop.tables["customers"]["derived_from"] = "orders"
    shop.tables["customers"]["by"] = "customer"
    assert "did you mean `customer_id`?" in refused(shop)
