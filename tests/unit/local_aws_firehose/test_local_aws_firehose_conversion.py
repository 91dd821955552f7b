"""Conversion: OpenX's coercions, columns of every type, each record for itself, and the file that comes out."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest

from local_aws.firehose import parquet
from local_aws.firehose.conversion import Converted, Converter
from local_aws.firehose.conversion_settings import OpenX, ParquetOptions
from local_aws.firehose.hive_types import BadType, columns, parse_type

INT64_WRAP = 3_875_820_018_684_212_736


def converter(openx: OpenX | None = None, **types: str) -> Converter:
    described = [{"Name": name, "Type": kind} for name, kind in types.items()]
    return Converter(columns(described), openx or OpenX())


def convert(kind: str, *values: Any) -> Converted:
    """One column `c`; each value is JSON text, or becomes it."""
    texts = [value if isinstance(value, bytes) else json.dumps({"c": value}).encode() for value in values]
    return converter(c=kind).convert(texts)


def cells(found: Converted) -> list[Any]:
    column = found.table.column("c")
    return list((column.cast("int64") if str(column.type).startswith("timestamp") else column).to_pylist())


@pytest.mark.parametrize(
    ("kind", "value", "cell"),
    [
        ("string", "text", "text"),
        ("string", 5, "5"),
        ("string", True, "true"),
        ("string", {"Outer": {"Inner": 1}}, '{"outer":{"inner":1}}'),
        ("string", "", ""),
        ("varchar(3)", "longer", "lon"),
        ("boolean", True, True),
        ("boolean", "TRUE", True),
        ("tinyint", 127, 127),
        ("int", "20", 20),
        ("bigint", 2**62, 2**62),
        ("double", "2.25", 2.25),
        ("double", 2, 2.0),
        ("float", 1.5, 1.5),
        ("date", "2026-9-7", "2026-09-07"),
        ("array<string>", ["a", None], ["a", None]),
        ("array<string>", "solo", ["solo"]),
        ("array<string>", [1, [2]], ["1", "[2]"]),
        ("array<bigint>", ["1", 2], [1, 2]),
        ("map<string,int>", {"MixedKey": 1}, [("mixedkey", 1)]),
        ("struct<name:string,age:int>", {"NAME": "x", "extra": 1}, {"name": "x", "age": None}),
        ("struct<name:string,age:int>", ["x", 9, "ignored"], {"name": "x", "age": 9}),
        ("struct<name:string,age:int>", {}, {"name": None, "age": None}),
        ("array<struct<sku:string,qty:int>>", [{"SKU": "s", "QTY": "3"}, None], [{"sku": "s", "qty": 3}, None]),
        ("array<map<string,struct<a:int,b:array<decimal(10,2)>>>>", [{"k": {"a": 1, "b": [1]}}], None),
        ("string", None, None),
        ("struct<a:int>", None, None),
    ],
)
def test_a_value_becomes_what_the_openx_serde_makes_of_it(kind: str, value: Any, cell: Any) -> None:
    found = convert(kind, value)
    assert not found.failures
    if "decimal" not in kind:
        (got,) = cells(found)
        assert (str(got) if kind == "date" else got) == cell


@pytest.mark.parametrize(
    ("value", "cell"),
    [(12.345, "12.35"), ("1e-1000000000", "0.00"), (0, "0.00"), (99.99, "99.99")],
)
def test_a_decimal_is_rounded_to_its_scale(value: Any, cell: str) -> None:
    assert str(cells(convert("decimal(4,2)", value))[0]) == cell


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", "oops"),
        ("int", 1.5),
        ("int", True),
        ("int", 2**31),
        ("tinyint", 128),
        ("double", "NaN"),
        ("float", 1e100),
        ("boolean", "maybe"),
        ("decimal(4,2)", 12345.67),
        ("decimal(22,2)", "1e1000000000"),
        ("date", "07.09.2026"),
        ("date", "2026-02-30"),
        ("struct<a:int>", 42),
        ("map<string,int>", [1]),
        ("array<struct<q:int>>", [{"q": "oops"}]),
        ("timestamp", "2026-11-24T03:15:16+02:00"),
        ("timestamp", "2026-9-7T12:00:02Z"),
        ("timestamp", "2026-02-30T00:00:00Z"),
        ("timestamp", "yesterday"),
        ("timestamp", True),
        ("timestamp", 2**64),
    ],
)
def test_a_value_that_does_not_fit_fails_its_record_alone(kind: str, value: Any) -> None:
    found = convert(kind, None, value, None)
    assert [(one.index, one.code) for one in found.failures] == [(1, "DataFormatConversion.MalformedData")]
    assert found.table.num_rows == 2


@pytest.mark.parametrize(
    ("value", "nanoseconds"),
    [
        ("2026-11-24T03:15:16Z", 1_795_490_116_000_000_000),
        ("2026-11-24T03:15:16", 1_795_490_116_000_000_000),
        ("2026-11-24T03:15:16.123456789Z", 1_795_490_116_123_456_789),
        ("2026-11-24 03:15:16.5", 1_795_490_116_500_000_000),
        ("2026-11-24 3:15:16", 1_795_490_116_000_000_000),
        (1_795_490_116, 1_795_490_116_000_000_000),
        (1_795_490_116_250, 1_795_490_116_250_000_000),
        ("1795490116", 1_795_490_116_000_000_000),
        (1_795_490_116.25, 1_795_490_116_250_000_000),
        (-1000, -1_000_000_000_000),
        (999_999_999_999, INT64_WRAP),
    ],
)
def test_a_timestamp_is_read_in_every_form_that_firehose_takes(value: Any, nanoseconds: int) -> None:
    assert cells(convert("timestamp", value)) == [nanoseconds]
    mixed = convert("timestamp", "2026-11-24T03:15:16Z", value, None)
    assert sorted(cells(mixed), key=str) == sorted([1_795_490_116_000_000_000, nanoseconds, None], key=str)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", "DataFormatConversion.MalformedData"),
        (b" \n", "DataFormatConversion.MalformedData"),
        (b"\xff{}", "DataFormatConversion.MalformedData"),
        (b'{"c":"x","other":"\xff"}', "DataFormatConversion.MalformedData"),
        (b"5", "DataFormatConversion.MalformedData"),
        (b"[]", "DataFormatConversion.MalformedData"),
        (b'{"other":' * 5000 + b"1" + b"}" * 5000, "DataFormatConversion.MalformedData"),
        (b"text", "DataFormatConversion.ParseError"),
        (b'{"c":"x"', "DataFormatConversion.ParseError"),
        (b'{"c":"x"} and more', "DataFormatConversion.ParseError"),
        (b'{"c":NaN}', "DataFormatConversion.ParseError"),
        (b'{"c":1e1000}', "DataFormatConversion.ParseError"),
        (b'{"c":"\\ud800"}', "DataFormatConversion.ParseError"),
    ],
)
def test_what_is_no_json_object_fails_alone_with_its_code(payload: bytes, code: str) -> None:
    found = convert("string", "before", payload, "after")
    assert [(one.index, one.code) for one in found.failures] == [(1, code)]
    assert cells(found) == ["before", "after"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("array<timestamp>", ["2026-11-24T03:15:16Z", 0, None]),
        ("array<date>", ["2026-11-24"]),
        ("map<string,timestamp>", {"a": "2026-11-24 03:15:16"}),
        ("map<int,boolean>", {"5": "true"}),
        ("struct<t:timestamp,d:decimal(4,2),v:varchar(1)>", {"t": 0, "d": "1.5", "v": "xy"}),
        ("array<float>", [1.5, "2"]),
        ("array<array<tinyint>>", [[1], [], None]),
    ],
)
def test_nested_types_of_every_kind_are_converted(kind: str, value: Any) -> None:
    assert convert(kind, value, None).failures == ()
    assert convert(kind, value, b"broken", value).table.num_rows == 2


def test_objects_back_to_back_are_rows_of_their_own() -> None:
    assert cells(convert("int", b'{"c":1}{"c":2}\n {"c":3}')) == [1, 2, 3]


def test_keys_are_matched_in_any_case_and_unknown_fields_left_out() -> None:
    found = converter(sku="string", id="int").convert([b'{"SKU":"a","id":1,"event_date":"x"}', b'{"Sku":"b","ID":2}', b'{"id":3}'])
    assert sorted(found.table.to_pylist(), key=lambda row: row["id"]) == [
        {"sku": "a", "id": 1},
        {"sku": "b", "id": 2},
        {"sku": None, "id": 3},
    ]


def test_with_case_insensitive_false_keys_are_matched_exactly() -> None:
    found = converter(OpenX(case_insensitive=False), sku="string", attrs="map<string,int>").convert([b'{"SKU":"a","attrs":{"K":1}}'])
    assert found.table.to_pylist() == [{"sku": None, "attrs": [("K", 1)]}]


def test_a_column_may_have_a_key_of_another_name() -> None:
    found = converter(OpenX(json_keys={"ts": "timestamp"}), ts="string").convert([b'{"TimeStamp":"x"}'])
    assert found.table.to_pylist() == [{"ts": "x"}]


def test_dots_in_keys_become_underscores_where_that_is_asked_for() -> None:
    found = converter(OpenX(dots_to_underscores=True), a_b="int").convert([b'{"a.b":1}'])
    assert found.table.to_pylist() == [{"a_b": 1}]


def test_records_with_many_unknown_keys_are_converted_too() -> None:
    payloads = [json.dumps({f"key{index}": 1, "c": index}).encode() for index in range(500)]
    assert sorted(cells(converter(c="int").convert(payloads))) == list(range(500))


def test_bad_records_among_many_are_found_one_by_one() -> None:
    values: list[Any] = ["2026-11-24T03:15:16Z"] * 40_000
    for index in range(0, 40_000, 997):
        values[index] = "bad"
    found = convert("timestamp", *values)
    assert [one.index for one in found.failures] == list(range(0, 40_000, 997))
    assert found.table.num_rows == 40_000 - len(found.failures)


@pytest.mark.parametrize(
    "kind",
    ["binary", "uniontype<int,string>", "array<string", "struct<a:>", "varchar(foo)", "char(0)", "decimal(39,2)", "decimal(2,3)",
     "map<array<string>,int>", "struct<a:int,A:string>", "array<string>x", "", "array<" * 40 + "string" + ">" * 40],
)  # fmt: skip
def test_a_type_that_is_not_converted_is_a_bad_schema(kind: str) -> None:
    with pytest.raises(BadType):
        parse_type(kind)


@pytest.mark.parametrize("described", [[], [{"Name": "a b", "Type": "int"}], [{"Name": "a", "Type": "int"}, {"Name": "A", "Type": "int"}]])
def test_columns_that_cannot_be_written_are_a_bad_schema(described: list[dict[str, str]]) -> None:
    with pytest.raises(BadType):
        columns(described)


def test_quoted_members_and_blanks_in_types_are_understood() -> None:
    assert parse_type("struct<`order`:string>") == parse_type("struct< order : string >")
    assert parse_type("decimal(10, 2)") == parse_type("decimal(10,2)")


def test_the_file_is_snappy_v1_without_dictionary_and_its_timestamps_are_int96() -> None:
    table = converter(at="timestamp", name="string").convert([b'{"at":"2026-11-24T03:15:16Z","name":"x"}']).table
    file = pq.ParquetFile(io.BytesIO(parquet.write(table, ParquetOptions())))
    assert file.schema.column(0).physical_type == "INT96"
    column = file.metadata.row_group(0).column(1)
    assert column.compression == "SNAPPY"
    assert not column.has_dictionary_page
    assert file.schema_arrow.names == ["at", "name"]


def test_the_file_follows_the_options_of_the_serde() -> None:
    table = converter(name="string").convert([b'{"name":"x"}'] * 1000).table
    options = ParquetOptions(compression="GZIP", version="V2", block_bytes=2000, dictionary=True)
    file = pq.ParquetFile(io.BytesIO(parquet.write(table, options)))
    assert file.metadata.num_row_groups > 1
    assert file.metadata.row_group(0).column(0).compression == "GZIP"
    assert file.metadata.row_group(0).column(0).has_dictionary_page


@pytest.mark.parametrize("mappings", [{"a": "x", "b": "x"}, {"a": "b"}])
def test_columns_that_read_the_same_key_all_get_its_value(mappings: dict[str, str]) -> None:
    key = mappings["a"]
    both = converter(OpenX(json_keys=mappings), a="int", b="string")
    found = both.convert([json.dumps({key: number}).encode() for number in (1, 2)] + [b"[]"])
    assert sorted(found.table.to_pylist(), key=str) == [{"a": 1, "b": "1"}, {"a": 2, "b": "2"}]
    assert [(one.index, one.code) for one in found.failures] == [(2, "DataFormatConversion.MalformedData")]
