"""The schema file: what it says, and what it may not say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import schema

Edit = Callable[[dict[str, Any]], None]


def _set(index: int, **values: Any) -> Edit:
    return lambda document: document["fields"][index].update(values)


def _add(**values: Any) -> Edit:
    return lambda document: document["fields"].append({"output": "added", "input": "added", "type": "string", **values})


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[Edit], Path]:
    """A copy of the schema file with one thing changed."""

    def make(edit: Edit) -> Path:
        document = json.loads(schema.SCHEMA_FILE.read_text(encoding="utf-8"))
        edit(document)
        file = tmp_path / "schema.json"
        file.write_text(json.dumps(document), encoding="utf-8")
        return file

    return make


def test_the_seven_fields_in_their_order() -> None:
    found = schema.load()
    assert [field.output for field in found.fields] == [
        "event_datetime",
        "event_date",
        "event_name",
        "user_id",
        "platform",
        "product_name",
        "SKU",
    ]
    assert [field.column for field in found.columns] == ["event_datetime", "event_name", "user_id", "platform", "product_name", "sku"]
    assert (found.partition_key.output, found.event_time.output) == ("event_date", "event_datetime")


def test_an_added_field_is_read(edited: Callable[[Edit], Path]) -> None:
    added = schema.load(edited(_add(input="cart.total", type="double"))).fields[-1]
    assert (added.path, added.type, added.nullable, added.partition_key) == (("cart", "total"), schema.FieldType.DOUBLE, True, False)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda document: document.update(format_version=2), "format_version must be 1"),
        (lambda document: document.update(table="User_Events"), "lower case"),
        (lambda document: document.update(fields=[]), "at least one entry"),
        (lambda document: document["fields"].append("sku"), "must be an object"),
        (_add(colour="red"), "unknown colour"),
        (_add(input=""), "input must be a non-empty string"),
        (_add(input="a..b"), "a dotted path"),
        (_add(type="varchar"), "type is 'varchar'; allowed are timestamp, date, string, bigint, double, boolean"),
        (_add(nullable="no"), "nullable must be true or false"),
        (_add(output="event name"), "letters, digits and underscores"),
        (_add(output="sku"), "column sku is defined more than once"),
        (_add(partition_key=True, type="date"), "exactly one field must have partition_key"),
        (_add(type="date"), "only the partition key may be of type date"),
        (_set(1, partition_key=False, type="string"), "exactly one field must have partition_key"),
        (_set(0, input="other"), "needs a timestamp field with the same input (timestamp)"),
        (_add(input="user_identifiers"), "cannot hold user_identifiers.id, user_identifiers.platform"),
        (_add(input="event_name.first"), "cannot hold event_name.first"),
        (_add(input="event_name", type="bigint"), "is both string and bigint"),
    ],
)
def test_a_file_that_breaks_a_rule_is_refused_with_file_and_rule(edit: Edit, said: str, edited: Callable[[Edit], Path]) -> None:
    file = edited(edit)
    with pytest.raises(schema.SchemaError) as refused:
        schema.load(file)
    assert said in str(refused.value)
    assert str(refused.value).startswith(f"{file}: ")


def test_a_missing_file_and_a_file_that_is_not_json_are_refused(tmp_path: Path) -> None:
    with pytest.raises(schema.SchemaError, match="cannot be read"):
        schema.load(tmp_path / "absent.json")
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    with pytest.raises(schema.SchemaError, match="is not JSON"):
        schema.load(tmp_path / "broken.json")
