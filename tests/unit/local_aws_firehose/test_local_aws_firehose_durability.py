"""Positions and the ledger: what counts as durable, and what a restart knows of the time before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.firehose import offset_sets
from local_aws.firehose.ledger import Intent, Ledger, read
from local_aws.firehose.offset_sets import Delivered
from local_aws.firehose.position import Position, PositionFile, Watermarks


def test_the_watermark_passes_a_batch_only_after_those_before_it() -> None:
    marks = Watermarks({0: 10})
    first, second = marks.ticket(0, 20, 1), marks.ticket(0, 30, 2)
    second.release()
    assert marks.positions() == {0: 10}
    first.release()
    assert marks.positions() == {0: 30}


def test_a_batch_is_durable_when_every_buffer_that_holds_a_record_of_it_is() -> None:
    marks = Watermarks({0: 0})
    ticket = marks.ticket(0, 5, 1)
    ticket.hold()
    ticket.hold()
    ticket.release()
    ticket.release()
    assert marks.positions() == {0: 0}
    ticket.release()
    assert marks.positions() == {0: 5}


def test_partitions_have_watermarks_of_their_own() -> None:
    marks = Watermarks({0: 0, 1: 7})
    marks.ticket(0, 5, 1)
    marks.ticket(1, 9, 1).release()
    assert marks.positions() == {0: 0, 1: 9}


def test_the_oldest_record_that_is_not_durable_is_known() -> None:
    marks = Watermarks({0: 0, 1: 0})
    old, young = marks.ticket(0, 5, 100), marks.ticket(1, 5, 200)
    assert marks.oldest_ms() == 100
    old.release()
    assert marks.oldest_ms() == 200
    young.release()
    assert marks.oldest_ms() is None


def test_a_position_is_read_back_as_written(tmp_path: Path) -> None:
    file = PositionFile(tmp_path / "stream" / "position.json")
    assert file.read() is None
    file.write(Position("topic", {0: 5, 11: 7}))
    assert PositionFile(tmp_path / "stream" / "position.json").read() == Position("topic", {0: 5, 11: 7})


def test_a_position_that_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "position.json"
    file = PositionFile(path)
    file.write(Position("topic", {0: 5}))
    path.unlink()
    file.write(Position("topic", {0: 5}))
    assert not path.exists()


@given(st.sets(st.integers(0, 5000), min_size=1))
def test_any_set_of_offsets_survives_its_encoding(offsets: set[int]) -> None:
    encoded = json.loads(json.dumps(offset_sets.encode(sorted(offsets))))
    assert offset_sets.decode(encoded).tolist() == sorted(offsets)


def test_records_that_alternate_are_kept_as_bits_and_those_together_as_ranges() -> None:
    assert "ranges" in offset_sets.encode(range(100_000))
    alternating = offset_sets.encode(range(0, 100_000, 2))
    assert "bits" in alternating
    assert len(alternating["bits"]) < 20_000


@given(st.sets(st.integers(0, 300)), st.sets(st.integers(0, 300)))
def test_redelivered_offsets_are_counted_exactly(before: set[int], now: set[int]) -> None:
    delivered = Delivered()
    if before:
        delivered.add(0, offset_sets.decode(offset_sets.encode(sorted(before))))
    assert delivered.count(0, sorted(now)) == len(before & now)


def intent(key: str, *offsets: int, partition: int = 0) -> Intent:
    return Intent("lake", key, "data/", "data", "size", len(offsets), 10, {partition: list(offsets)})


def deliver(ledger: Ledger, one: Intent) -> None:
    ledger.intend(one)
    ledger.done(one)


def recovered(path: Path, watermark: int = 0, *, there: bool = False) -> Ledger:
    ledger = Ledger(path)
    ledger.recover({0: watermark}, lambda *_: there)
    return ledger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


def test_records_that_are_read_again_after_a_restart_are_counted(path: Path) -> None:
    deliver(recovered(path), intent("a", 0, 2, 4))
    ledger = recovered(path)
    deliver(ledger, intent("b", 0, 1, 2, 3))
    assert ledger.redelivered_records == 2
    assert recovered(path).redelivered_records == 2


def test_records_below_the_watermark_cannot_come_again(path: Path) -> None:
    deliver(recovered(path), intent("a", 0, 1, 2))
    ledger = recovered(path, watermark=3)
    deliver(ledger, intent("b", 3, 4))
    assert (ledger.redelivered_records, ledger.records, ledger.objects) == (0, 5, 2)


def test_a_third_copy_is_counted_as_well(path: Path) -> None:
    for key in ("a", "b", "c"):
        ledger = recovered(path)
        deliver(ledger, intent(key, 0))
    assert ledger.redelivered_records == 2


def test_an_intent_without_an_end_is_settled_by_asking_s3(path: Path) -> None:
    recovered(path).intend(intent("a", 0, 1))
    absent = recovered(path, there=False)
    assert (absent.objects, absent.records) == (0, 0)
    absent.intend(intent("b", 0, 1))
    present = recovered(path, there=True)
    deliver(present, intent("c", 0, 1))
    assert (present.objects, present.redelivered_records) == (2, 2)
    assert [(line["key"], line["delivered"]) for line in read(path) if line["event"] == "settled"] == [("a", False), ("b", True)]


def test_a_settled_intent_is_not_asked_about_again(path: Path) -> None:
    recovered(path).intend(intent("a", 0))
    recovered(path, there=False)
    asked: list[str] = []
    Ledger(path).recover({0: 0}, lambda bucket, key, age: bool(asked.append(key)))
    assert asked == []


def test_a_line_that_a_crash_cut_short_is_passed_over(path: Path) -> None:
    deliver(recovered(path), intent("a", 0))
    with path.open("ab") as file:
        file.write(b'{"event":"intent","key":"b","off')
    ledger = recovered(path)
    deliver(ledger, intent("c", 0))
    assert recovered(path).redelivered_records == 1


def test_a_ledger_with_lines_that_a_crash_cut_short_is_read_from_outside(path: Path) -> None:
    deliver(recovered(path), intent("a", 0))
    for rest in (b'{"event":"intent","key":"b","off', b'{"event":"done","ke'):
        with path.open("ab") as file:
            file.write(rest)
        deliver(recovered(path), intent("c", 1))
    assert [line["key"] for line in read(path) if line["event"] == "done"] == ["a", "c", "c"]
