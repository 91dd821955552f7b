"""What is wrong with a data object or a row is found and named; what is around it is still checked."""

from __future__ import annotations

import io
from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_lake import BUCKET, FakeLake, judged, parquet, sent_run

from schema import load
from validation.findings import Outcome
from validation.lake import Lake, RowBatch
from validation.storage import Storage


@pytest.mark.parametrize("int96", [True, False])
def test_seven_fields_come_back_with_the_missions_names_and_types(lake: FakeLake, int96: bool) -> None:
    sent = sent_run(events=10)
    row = {**sent.row(sent.events("valid")[0]), "event_datetime": datetime(2026, 11, 23, 1, 2, 3, 456789)}
    lake.put_rows([row], "2026-11-23", int96=int96, folder="00/deeper/")
    reader = Lake(Storage(lake.session, BUCKET), "events/", load())
    batch = next(iter(reader.read(reader.list().objects)))
    assert isinstance(batch, RowBatch)
    assert batch.table.schema.names == ["event_datetime", "event_date", "event_name", "user_id", "platform", "product_name", "SKU"]
    assert batch.table.schema.types == [pa.timestamp("us", tz="UTC"), pa.date32(), *[pa.string()] * 5]
    found = batch.table.to_pylist()[0]
    assert found["event_datetime"].isoformat() == "2026-11-23T01:02:03.456789+00:00"
    assert found["event_date"] == date(2026, 11, 23)
    assert found["SKU"] == row["sku"]


def test_times_beyond_what_nanoseconds_hold_come_back_right(lake: FakeLake) -> None:
    sent = sent_run(events=10)
    row = {**sent.row(sent.events("valid")[0]), "event_datetime": datetime(2500, 1, 1)}
    body = io.BytesIO()
    table = pq.read_table(io.BytesIO(parquet([row], int96=False)))
    pq.write_table(table, body)
    lake.put("events/event_date=2500-01-01/x.parquet", body.getvalue())
    reader = Lake(Storage(lake.session, BUCKET), "events/", load())
    batch = next(iter(reader.read(reader.list().objects)))
    assert isinstance(batch, RowBatch)
    assert batch.table["event_datetime"][0].as_py().year == 2500


def test_a_row_in_the_wrong_date_is_named_with_its_row_number(lake: FakeLake) -> None:
    sent = sent_run(events=40)
    lake.know(sent)
    rows = [sent.row(event) for event in sent.events("valid") if sent.instant(event).date() == date(2026, 11, 23)]
    rows[3]["event_datetime"] = datetime(2026, 11, 24, 0, 0, 0)
    key = lake.put_rows(rows, "2026-11-23")
    found = judged(lake.audit())
    assert found.results["own_date"].offenders == 1
    assert f"{key} row 3: happened at 2026-11-24T00:00:00+00:00" in found.said("own_date")


def test_row_numbers_count_through_the_row_groups_of_an_object(lake: FakeLake) -> None:
    sent = sent_run(events=400)
    rows = [sent.row(event) for event in sent.events("valid") if sent.instant(event).date() == date(2026, 11, 23)]
    rows[-1]["event_datetime"] = datetime(2026, 11, 22)
    lake.put("events/event_date=2026-11-23/x.parquet", parquet(rows, row_group_size=7))
    lake.know(sent)
    assert f"row {len(rows) - 1}: happened at 2026-11-22" in judged(lake.audit()).said("own_date")


@pytest.mark.parametrize(
    "body", [b"", b"not parquet at all", b"PAR1" + b"x" * 40 + b"PAR1"], ids=["empty", "foreign", "parquet only at both ends"]
)
def test_a_foreign_object_is_named_and_the_others_are_still_checked(lake: FakeLake, body: bytes) -> None:
    sent = sent_run()
    lake.know(sent)
    lake.deliver(sent)
    key = lake.put("events/event_date=2026-11-23/a-foreign-one.parquet", body)
    found = judged(lake.audit())
    assert found.failed == {"readable"}
    assert f"{key}: is not a whole Parquet file" in found.said("readable")
    assert found.sheet.closed


def test_a_truncated_object_is_named_and_its_rows_are_missing(lake: FakeLake) -> None:
    sent = sent_run()
    lake.know(sent)
    lake.deliver(sent)
    key = lake.listed()[0]
    whole = lake.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    lake.put(key, whole[: len(whole) // 2])
    found = judged(lake.audit())
    assert found.failed == {"readable", "balance"}
    assert key in found.said("readable")
    assert found.results["balance"].offenders == pq.ParquetFile(io.BytesIO(whole)).metadata.num_rows


def test_a_page_that_is_damaged_in_the_middle_is_a_finding(lake: FakeLake) -> None:
    sent = sent_run()
    lake.know(sent)
    lake.deliver(sent)
    key = lake.listed()[0]
    whole = bytearray(lake.client.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    whole[4:40] = b"\xff" * 36
    lake.put(key, bytes(whole))
    found = judged(lake.audit())
    assert "readable" in found.failed
    assert key in found.said("readable")


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("events/stray.parquet", "in no event_date=YYYY-MM-DD/ folder"),
        ("events/event_date=2026-11-31/x.parquet", "which is no date"),
        ("events/event_date=20261123/x.parquet", "which is no date"),
        ("events/event_date=__HIVE_DEFAULT_PARTITION__/x.parquet", "which is no date"),
        ("events/date=2026-11-23/x.parquet", "in no event_date=YYYY-MM-DD/ folder"),
    ],
)
def test_an_object_outside_a_partition_folder_is_named(lake: FakeLake, key: str, said: str) -> None:
    sent = sent_run()
    lake.know(sent)
    lake.deliver(sent)
    lake.put(key, b"x")
    found = judged(lake.audit())
    assert found.failed == {"layout"}
    assert said in found.said("layout") and key in found.said("layout")


def test_names_that_hive_passes_over_are_passed_over(lake: FakeLake) -> None:
    sent = sent_run()
    lake.know(sent)
    lake.deliver(sent)
    for name in ("_SUCCESS", ".hidden", "event_date=2026-11-23/_temporary"):
        lake.put(f"events/{name}", b"")
    lake.put("events/event_date=2026-11-23/", b"")
    assert judged(lake.audit()).failed == set()


@pytest.mark.parametrize("change", ["drop", "integer"])
def test_a_missing_column_or_one_of_another_type_is_named(lake: FakeLake, change: str) -> None:
    sent = sent_run()
    lake.know(sent)
    lake.deliver(sent)
    key = lake.listed()[0]
    table = pq.read_table(io.BytesIO(lake.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()))
    at = table.column_names.index("platform")
    changed = table.remove_column(at) if change == "drop" else table.set_column(at, "platform", pa.array(range(table.num_rows)))
    body = io.BytesIO()
    pq.write_table(changed, body)
    lake.put(key, body.getvalue())
    found = judged(lake.audit())
    assert found.failed == {"columns", "content"}
    assert found.results["columns"].offenders == 1
    said = "has no column platform" if change == "drop" else "has platform as int64, not as string"
    assert f"{key}: {said}" in found.said("columns")


def test_a_null_event_time_is_a_finding(lake: FakeLake) -> None:
    sent = sent_run(events=40)
    lake.know(sent)
    key = lake.put_rows([{**sent.row(sent.events("valid")[0]), "event_datetime": None}], "2026-11-23")
    assert f"{key} row 0: event_datetime is null" in judged(lake.audit()).said("required")


def test_an_empty_lake_is_never_a_pass(lake: FakeLake) -> None:
    found = judged(lake.audit())
    assert found.failed == set()
    assert {"balance", "readable", "own_date"} <= found.open


def test_an_object_that_is_refused_is_not_checked_and_its_rows_are_not_called_missing(
    lake: FakeLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    from validation.errors import ObjectUnavailable

    sent = sent_run()
    lake.know(sent)
    lake.deliver(sent)
    refused = lake.listed()[0]
    fetch = Storage.fetch

    def fetch_all_but_one(self: Storage, item: object) -> object:
        if item.key == refused:  # type: ignore[attr-defined]
            raise ObjectUnavailable(f"{refused}: cannot be read (AccessDenied).")
        return fetch(self, item)  # type: ignore[arg-type]

    monkeypatch.setattr(Storage, "fetch", fetch_all_but_one)
    found = judged(lake.audit())
    assert found.failed == set()
    assert {"balance", "readable", "own_date"} <= found.open
    assert refused in found.said("readable")
    assert found.outcome("layout") is Outcome.PASSED


def test_objects_beyond_the_memory_limit_are_read_through_a_file(lake: FakeLake) -> None:
    sent = sent_run(events=40)
    lake.deliver(sent)
    small = Storage(lake.session, BUCKET, memory_limit=10)
    reader = Lake(small, "events/", load())
    rows = sum(item.table.num_rows for item in reader.read(reader.list().objects) if isinstance(item, RowBatch))
    assert rows == len(sent.events("valid")) + 2 * len(sent.events("duplicate"))
