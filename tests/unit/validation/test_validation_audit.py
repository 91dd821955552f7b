"""The audit reads what is new and nothing twice; the wait ends when all arrived, or when nothing more does."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fake_lake import FakeLake, judged, sent_run

from manifest import Range, State
from validation.findings import Outcome
from validation.runs import load as load_runs
from validation.sheet import Sheet
from validation.waiting import Clock, allowance, until_settled


def test_an_object_that_was_read_is_not_read_again(lake: FakeLake, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = sent_run(events=40)
    lake.know(sent)
    rows = [sent.row(event) for event in sent.events("valid")]
    lake.put_rows(rows[:2], "2026-11-23")
    audit = lake.audit()
    assert audit.update() == 1
    lake.put_rows(rows[2:5], "2026-11-23")
    assert audit.update() == 1
    assert audit.update() == 0
    assert audit.row_checks.rows == 5
    assert audit.objects == 2


@pytest.mark.parametrize("change", ["replace", "remove"])
def test_the_audit_starts_over_when_an_object_that_it_read_changes(lake: FakeLake, change: str) -> None:
    sent = sent_run(events=40)
    lake.know(sent)
    rows = [sent.row(event) for event in sent.events("valid")]
    key = lake.put_rows(rows[:2], "2026-11-23")
    lake.put_rows(rows[2:4], "2026-11-23")
    audit = lake.audit()
    audit.update()
    if change == "replace":
        from fake_lake import parquet

        lake.put(key, parquet(rows[:1]))
    else:
        lake.client.delete_object(Bucket="lake", Key=key)
    audit.update()
    assert "starting over" in lake.notices[0] and key in lake.notices[0]
    assert audit.sheet(datetime.now(UTC), timedelta(0)).total.rows == (3 if change == "replace" else 2)
    assert audit.sheet(datetime.now(UTC), timedelta(0)).total.duplicates == 0


def test_a_manifest_that_grew_while_the_run_goes_on_keeps_the_counts(lake: FakeLake) -> None:
    early = sent_run(events=40, workers=1, acknowledged=[Range(0, 0, 9)], unconfirmed=[Range(0, 10, 39)], state=State.RUNNING)
    whole = sent_run(events=40, workers=1)
    lake.know(early)
    lake.deliver(whole)
    audit = lake.audit()
    assert audit.update() > 0
    first = audit.sheet(datetime.now(UTC), timedelta(hours=1))
    assert first.runs[0].unconfirmed_seen > 0
    assert not first.settled
    lake.know(whole)
    audit.take_runs(load_runs(lake.runs))
    assert audit.update() == 0
    assert audit.sheet(datetime.now(UTC), timedelta(hours=1)).closed


def test_a_manifest_with_another_plan_starts_over(lake: FakeLake) -> None:
    sent = sent_run(events=40)
    lake.know(sent)
    lake.deliver(sent)
    audit = lake.audit()
    audit.update()
    sent.manifest = replace(sent.manifest, base_us=sent.manifest.base_us + 1)
    lake.know(sent)
    audit.take_runs(load_runs(lake.runs))
    audit.update()
    assert audit.arrivals.seen.foreign_rows > 0


class SteppedClock:
    """A clock whose sleeps pass at once."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)
        self.slept = 0.0

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.slept += seconds


def waited(lake: FakeLake, step: Any = lambda turn: None) -> tuple[Sheet, SteppedClock]:
    stepped, audit, turn = SteppedClock(), lake.audit(), iter(range(10_000))
    allowed = timedelta(seconds=10)

    def look() -> Sheet:
        step(next(turn))
        audit.update()
        return audit.sheet(stepped.at, allowed)

    return until_settled(look, allowed, Clock(lambda: stepped.at, stepped.sleep), lake.notices.append), stepped


def test_the_wait_ends_at_once_when_all_arrived(lake: FakeLake) -> None:
    sent = sent_run(events=40)
    lake.know(sent)
    lake.deliver(sent)
    sheet, clock = waited(lake)
    assert sheet.closed
    assert clock.slept == 0


def test_the_wait_ends_when_the_rest_arrives(lake: FakeLake) -> None:
    sent = sent_run(events=40, finished_at=datetime.now(UTC))
    lake.know(sent)
    sheet, clock = waited(lake, lambda turn: lake.deliver(sent) if turn == 3 else None)
    assert sheet.closed
    assert clock.slept == pytest.approx(1.5)
    assert "in flight, deadline" in lake.notices[0]


def test_the_wait_ends_at_the_deadline_when_nothing_more_arrives(lake: FakeLake) -> None:
    sent = sent_run(events=40, finished_at=datetime.now(UTC))
    lake.know(sent)
    sheet, clock = waited(lake)
    assert not sheet.closed and sheet.settled
    assert sheet.total.missing == sheet.total.sent
    assert 9 <= clock.slept <= 12


def test_the_wait_for_a_run_that_was_killed_ends(lake: FakeLake) -> None:
    sent = sent_run(events=40, workers=1, acknowledged=[Range(0, 0, 9)], unconfirmed=[Range(0, 10, 39)], state=State.RUNNING)
    lake.know(sent)
    lake.deliver(sent)
    sheet, clock = waited(lake)
    assert not sheet.closed and sheet.settled
    assert sheet.total.outstanding == 0
    assert clock.slept > 0


def test_the_deadline_follows_the_stacks_buffers_and_the_clocks_speed(lake: FakeLake, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = lake.outputs()
    monkeypatch.delenv("LOCAL_AWS_CLOCK_SPEED", raising=False)
    assert allowance(outputs) == timedelta(seconds=1.5 * 300 + 60 + 60)
    monkeypatch.setenv("LOCAL_AWS_CLOCK_SPEED", "60")
    assert allowance(outputs) == timedelta(seconds=(1.5 * 300 + 60) / 60 + 60)


@pytest.mark.parametrize("column", ["event_name", "platform", "product_name", "sku", "user_id"])
@pytest.mark.parametrize("value", ["another", None])
def test_a_value_that_is_not_what_was_sent_fails_and_is_named(lake: FakeLake, column: str, value: str | None) -> None:
    sent = sent_run()
    lake.know(sent)
    [event, *others] = sent.events("valid")
    lake.put_rows([{**sent.row(event), column: value}, *map(sent.row, others)], sent.instant(event).date())
    found = judged(lake.audit())
    content = found.results["content"]
    assert "content" in found.failed and content.offenders == 1
    name = "SKU" if column == "sku" else column
    assert f"event {event.run}/{event.worker}/{event.index}: {name} is {value!r}; sent was" in content.samples[0].what


def test_a_refused_payload_that_is_not_what_was_sent_fails(lake: FakeLake) -> None:
    sent = sent_run()
    lake.know(sent)
    lake.deliver(sent)
    [event, *_] = sent.events("bad_timestamp")
    altered = base64.b64encode(b" " + sent.value(event)).decode()
    lake.put_errors([sent.error(event, rawData=altered)])
    found = judged(lake.audit())
    assert found.results["content"].offenders == 1


def test_a_run_of_another_schema_leaves_the_content_open(lake: FakeLake) -> None:
    sent = sent_run()
    lake.know(replace(sent, manifest=replace(sent.manifest, settings={"schema_sha256": "of another checkout"})))
    lake.deliver(sent)
    content = judged(lake.audit()).results["content"]
    assert content.outcome is Outcome.NOT_CONCLUDED and "another schema file" in content.said
