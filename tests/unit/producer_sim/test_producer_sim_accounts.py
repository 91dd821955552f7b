"""What was acknowledged, summed: chunks, the workers' ledger, and the verdict on the rate."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import manifest
import schema
from manifest import IndexSet, Range, State
from producer_sim import pace, scenario
from producer_sim.chunks import Chunk, Report, settle
from producer_sim.ledger import Ledger
from simulated_events.classes import assemble
from simulated_events.generator import Batch, Generator
from simulated_events.plan import Plan

NOW = datetime(2026, 11, 24, 23, 59, 59, tzinfo=UTC)
SCHEMA = schema.load()
CLASSES = assemble(SCHEMA)


def plan_of(events: int = 5000, workers: int = 1) -> Plan:
    return Plan.of(
        run="account",
        seed=4,
        base_us=int(NOW.timestamp()) * 1_000_000,
        rate=1000.0,
        workers=workers,
        events=events,
        classes=CLASSES,
        up_to=scenario.load("hostile").up_to(CLASSES),
        earliest_event_date="2020-01-01",
    )


GENERATOR = Generator(plan_of(), SCHEMA, CLASSES)


def settled(*chunks: Chunk) -> Report:
    report = Report(0)
    settle(chunks, GENERATOR.classes, report)
    return report


def place_of(batch: Batch, name: str) -> int:
    return [GENERATOR.classes[number].name for number in batch.numbers].index(name)


def test_a_chunk_without_failures_is_one_range_with_all_its_classes() -> None:
    batch = GENERATOR.batch(0, 100, 900)
    report = settled(Chunk.of(batch))
    assert report.acknowledged == [(100, 999)]
    assert sum(report.classes.values()) == 900
    assert report.messages == 900 + len(batch.again)
    rows = [number for number in batch.numbers if GENERATOR.classes[number].reason is None]
    assert sum(count for _, _, count in report.dates) == len(rows)


def test_a_failed_message_leaves_a_hole_and_its_code_is_counted() -> None:
    batch = GENERATOR.batch(0, 0, 300)
    place = place_of(batch, "valid")
    chunk = Chunk.of(batch)
    chunk.failed = [("_MSG_TIMED_OUT", batch.values[place])]
    report = settled(chunk)
    assert list(IndexSet(report.acknowledged).missing(0, 299)) == [(place, place)]
    assert report.errors == {"_MSG_TIMED_OUT": 1}


def test_a_duplicate_counts_as_acknowledged_only_when_both_copies_are() -> None:
    batch = GENERATOR.batch(0, 0, 300)
    place = place_of(batch, "duplicate")
    chunk = Chunk.of(batch)
    chunk.failed = [("_MSG_TIMED_OUT", batch.values[place])]
    assert place not in IndexSet(settled(chunk).acknowledged)


def test_where_a_value_without_bytes_fails_all_of_its_chunk_are_unconfirmed() -> None:
    batch = GENERATOR.batch(0, 0, 600)
    empty = [place for place, number in enumerate(batch.numbers) if not GENERATOR.classes[number].identifiable]
    chunk = Chunk.of(batch)
    chunk.failed = [("_MSG_TIMED_OUT", None)]
    found = IndexSet(settled(chunk).acknowledged)
    assert len(empty) > 1
    assert [place for place in range(600) if place not in found] == empty


@pytest.mark.parametrize("place", [0, 1, 250, 300, 301])
def test_a_chunk_that_was_cut_counts_what_was_handed_over(place: int) -> None:
    batch = GENERATOR.batch(0, 0, 300)
    chunk = Chunk.of(batch)
    chunk.cut(place)
    doubled = {at for at, number in enumerate(batch.numbers) if GENERATOR.classes[number].times == 2}
    copies_sent = max(place - 300, 0)
    expected = set(range(min(place, 300))) - set(sorted(doubled)[copies_sent:])
    assert chunk.pending == len(chunk.sends) == place
    assert {index for first, last in settled(chunk).acknowledged for index in range(first, last + 1)} == expected


def ledger_with(*reports: Report, workers: int = 1) -> Ledger:
    ledger = Ledger(plan_of(workers=workers), "topic", CLASSES, NOW)
    for report in reports:
        ledger.take(report)
    return ledger


def test_every_manifest_that_a_ledger_makes_can_be_read_again(tmp_path: Path) -> None:
    ledger = Ledger(plan_of(), "topic", CLASSES, NOW)
    messages = 0
    for first in range(0, 5000, 500):
        report = settled(Chunk.of(GENERATOR.batch(0, first, 500)))
        messages += sum(count * GENERATOR.classes[number].times for number, count in report.classes.items())
        report.partitions = {0: (10, 9 + messages, messages)}
        report.issued = first + 500
        ledger.take(report)
        for state in State:
            found = ledger.manifest(state, NOW)
            manifest.write(tmp_path / "m.json", found)
            assert manifest.read(tmp_path / "m.json") == found
    numbers = Counter(GENERATOR.classes[number].name for number in GENERATOR.batch(0, 0, 5000).numbers)
    assert {name: count.acknowledged for name, count in found.classes.items() if count.acknowledged} == numbers
    assert found.classes["duplicate"].copies == 2 * numbers["duplicate"]
    rows = {name: count for name, count in numbers.items() if found.classes[name].reason is None}
    assert sum(date.acknowledged for date in found.event_dates.values()) == sum(rows.values())
    assert sum(date.copies for date in found.event_dates.values()) == sum(rows.values()) + numbers["duplicate"]
    assert {"2026-11-24", "2026-11-25"} <= set(found.event_dates)


def test_while_running_all_that_is_planned_and_not_acknowledged_is_unconfirmed() -> None:
    found = ledger_with(Report(0, acknowledged=[(0, 9), (20, 29)], issued=100)).manifest(State.RUNNING, NOW)
    assert found.acknowledged == (Range(0, 0, 9), Range(0, 20, 29))
    assert found.unconfirmed == (Range(0, 10, 19), Range(0, 30, 4999))
    assert found.finished_at is None


def test_after_a_stop_only_what_was_handed_over_is_unconfirmed() -> None:
    found = ledger_with(Report(0, acknowledged=[(0, 9)], issued=100, final=True)).manifest(State.INTERRUPTED, NOW)
    assert found.unconfirmed == (Range(0, 10, 99),)


def test_a_worker_without_a_last_report_may_have_sent_anything() -> None:
    reports = (Report(0, acknowledged=[(0, 2499)], issued=2500, final=True), Report(1, acknowledged=[(0, 9)], issued=100))
    found = ledger_with(*reports, workers=2).manifest(State.INTERRUPTED, NOW)
    assert found.unconfirmed == (Range(1, 10, 2499),)


def test_partitions_of_several_workers_are_one() -> None:
    reports = (Report(0, partitions={3: (5, 90, 40)}), Report(1, partitions={3: (2, 80, 30)}), Report(0, partitions={3: (5, 95, 44)}))
    assert vars(ledger_with(*reports, workers=2).manifest(State.RUNNING, NOW).partitions["3"]) == {
        "first_offset": 2,
        "last_offset": 95,
        "acknowledged": 74,
    }


def paced(**changes: Any) -> pace.Pace:
    facts: dict[str, Any] = {
        "asked": 1000.0,
        "events": 60_000,
        "planned": 60_000,
        "seconds": 60.1,
        "worst_lag": 0.02,
        "behind_at": None,
        "waits": Counter(),
        "lags": Counter(),
    }
    return pace.Pace(**{**facts, **changes})


def test_a_rate_is_held_when_all_was_handed_over_and_acknowledged_in_time() -> None:
    assert paced().held
    assert paced().sentence() == "Rate held: 1,000 events/s asked, 1,000 held over 60.1 s."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"behind_at": 12.3, "worst_lag": 4.5},
            "998 reached over 60.1 s; behind after 12.3 s, by 4.5 s at worst.",
        ),
        ({"seconds": 80.0}, "750 reached over 80.0 s."),
        ({"events": 59_999}, "998 reached over 60.1 s."),
    ],
)
def test_a_rate_that_was_not_reached_is_never_said_to_be_held(changes: dict[str, Any], said: str) -> None:
    assert not paced(**changes).held
    assert paced(**changes).sentence() == f"Rate NOT held: 1,000 events/s asked, {said}"


def test_of_a_run_that_was_stopped_only_what_it_reached_is_said() -> None:
    said = paced(events=5_000, seconds=5.0).sentence(stopped=True)
    assert said == "Stopped before its planned end, after 5.0 s: 1,000 events/s reached (1,000 asked)."


def test_quantiles_of_a_histogram_are_right_to_two_percent() -> None:
    counts = Counter(pace.bucket(milliseconds / 1000) for milliseconds in range(1, 1001))
    assert pace.quantile(counts, 0.5) == pytest.approx(0.5, rel=0.03)
    assert pace.quantile(counts, 0.99) == pytest.approx(0.99, rel=0.03)
    assert pace.quantile({}, 0.5) is None
    assert pace.bucket(-1.0) == 0
