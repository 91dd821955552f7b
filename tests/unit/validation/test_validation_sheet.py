"""The balance sheet closes on a lake that is complete, and says exactly what is wrong with one that is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fake_lake import FakeLake, judged, sent_run

from manifest import Range, State
from validation.findings import Outcome
from validation.judgement import Budget
from validation.sheet import Line


def test_a_complete_lake_closes_the_sheet_and_passes_every_check(lake: FakeLake) -> None:
    sent = sent_run()
    lake.know(sent)
    lake.deliver(sent)
    found = judged(lake.audit())
    assert found.sheet.closed
    assert {name: outcome.outcome for name, outcome in found.results.items()} == dict.fromkeys(found.results, Outcome.PASSED)
    counts = {name: len(sent.events(name)) for name in sent.manifest.classes}
    assert found.sheet.classes == {
        "valid": Line(counts["valid"], rows=counts["valid"]),
        "duplicate": Line(2 * counts["duplicate"], rows=2 * counts["duplicate"]),
        "bad_timestamp": Line(counts["bad_timestamp"], errors=counts["bad_timestamp"]),
        "empty_value": Line(counts["empty_value"], errors=counts["empty_value"]),
    }
    assert len(found.sheet.dates) == 2
    assert all(line.sent == line.rows for line in found.sheet.dates.values())


def test_a_removed_object_is_missing_to_the_row_and_named(lake: FakeLake) -> None:
    sent = sent_run()
    lake.know(sent)
    rows = [sent.row(event) for event in sent.events("valid")]
    lake.deliver(sent)
    lost = lake.listed()[0]
    whole = judged(lake.audit())
    lake.client.delete_object(Bucket="lake", Key=lost)
    found = judged(lake.audit())
    missing = whole.sheet.total.rows - found.sheet.total.rows
    assert rows and missing > 0
    assert found.failed == {"balance"}
    assert found.results["balance"].offenders == missing == found.sheet.total.missing
    assert "event abc123/" in found.said("balance")
    assert sum(line.sent - line.rows for line in found.sheet.dates.values()) == missing


def test_the_missing_event_is_the_one_that_is_named(lake: FakeLake) -> None:
    sent = sent_run(events=40)
    lake.know(sent)
    lost = sent.events("valid")[3]
    for event in sent.events("valid"):
        if event != lost:
            lake.put_rows([sent.row(event)], sent.instant(event).date())
    for event in sent.events("duplicate"):
        lake.put_rows([sent.row(event)] * 2, sent.instant(event).date())
    lake.put_errors([sent.error(event) for event in sent.events("bad_timestamp")] + [sent.error(None) for _ in sent.events("empty_value")])
    found = judged(lake.audit())
    assert found.sheet.runs[0].outstanding == (lost,)
    assert found.sheet.total.missing == 1
    assert f"event {lost.run}/{lost.worker}/{lost.index} (valid)" in found.said("balance")


def test_a_copied_object_is_as_many_duplicates_as_it_has_rows(lake: FakeLake) -> None:
    sent = sent_run()
    lake.know(sent)
    lake.deliver(sent)
    original = lake.listed()[0]
    before = judged(lake.audit()).sheet.total
    rows = len(sent_rows_of(lake, original))
    lake.client.copy_object(Bucket="lake", CopySource={"Bucket": "lake", "Key": original}, Key=f"{original}.again.parquet")
    found = judged(lake.audit())
    assert found.failed == {"duplicates"}
    assert found.sheet.total == Line(before.sent, before.rows, before.errors, duplicates=rows)
    assert judged(lake.audit(), budget=Budget.parse(str(rows))).failed == set()
    assert judged(lake.audit(), budget=Budget.parse(str(rows - 1))).failed == {"duplicates"}


def test_a_lost_copy_of_a_deliberate_duplicate_is_missing(lake: FakeLake) -> None:
    sent = sent_run(events=40)
    lake.know(sent)
    lake.deliver(sent)
    once = sent.events("duplicate")[0]
    for key in lake.listed("events/"):
        rows = sent_rows_of(lake, key)
        if sent.row(once) in rows:
            rows.remove(sent.row(once))
            lake.put_rows(rows, sent.instant(once).date())
            lake.client.delete_object(Bucket="lake", Key=key)
            break
    found = judged(lake.audit())
    assert found.sheet.total.missing == 1
    assert found.sheet.runs[0].outstanding == (once,)


def test_a_row_and_an_error_record_of_one_event_are_a_duplicate(lake: FakeLake) -> None:
    sent = sent_run(events=40)
    lake.know(sent)
    lake.deliver(sent)
    twice = sent.events("valid")[0]
    lake.put_errors([sent.error(twice)])
    found = judged(lake.audit())
    assert found.sheet.total.duplicates == 1
    assert found.sheet.runs[0].duplicated == (twice,)
    assert found.failed == {"duplicates", "outcomes"}


def test_more_than_255_copies_are_all_counted(lake: FakeLake) -> None:
    sent = sent_run(events=4)
    lake.know(sent)
    lake.deliver(sent)
    event = sent.events("valid", "duplicate")[0]
    before = judged(lake.audit()).sheet.total
    for _ in range(3):
        lake.put_rows([sent.row(event)] * 200, sent.instant(event).date())
    assert judged(lake.audit()).sheet.total.duplicates == before.duplicates + 600


def test_what_was_not_seen_is_in_flight_before_the_deadline_and_missing_after(lake: FakeLake) -> None:
    sent = sent_run(events=40, finished_at=datetime.now(UTC))
    lake.know(sent)
    early = judged(lake.audit(), late=False)
    assert (early.sheet.total.in_flight, early.sheet.total.missing) == (early.sheet.total.sent, 0)
    assert early.outcome("balance") is Outcome.NOT_CONCLUDED
    assert not early.failed
    late = judged(lake.audit())
    assert (late.sheet.total.in_flight, late.sheet.total.missing) == (0, late.sheet.total.sent)
    assert "balance" in late.failed


def test_progress_puts_the_deadline_off(lake: FakeLake) -> None:
    sent = sent_run(events=40, finished_at=datetime.now(UTC) - timedelta(days=1))
    lake.know(sent)
    lake.put_rows([sent.row(sent.events("valid")[0])], "2026-11-23")
    audit = lake.audit()
    audit.update()
    now = datetime.now(UTC)
    sheet = audit.sheet(now, timedelta(minutes=5))
    assert sheet.deadline is not None
    assert timedelta(minutes=4) < sheet.deadline - now <= timedelta(minutes=5)
    assert sheet.total.missing == 0


def test_rows_and_records_of_other_runs_are_foreign_and_fail_nothing(lake: FakeLake) -> None:
    ours, other = sent_run(), sent_run("zzz999", seed=8)
    lake.know(ours)
    lake.deliver(ours)
    lake.deliver(other)
    found = judged(lake.audit())
    assert found.failed == set()
    assert found.sheet.foreign_rows == len(other.events("valid")) + 2 * len(other.events("duplicate"))
    assert found.sheet.foreign_errors == len(other.events("bad_timestamp"))
    assert found.sheet.empty.surplus == len(other.events("empty_value"))
    assert found.sheet.total.duplicates == 0


def test_two_runs_close_together(lake: FakeLake) -> None:
    one, two = sent_run(), sent_run("zzz999", seed=8, workers=1, events=90)
    lake.know(one, two)
    lake.deliver(one)
    lake.deliver(two)
    found = judged(lake.audit())
    assert found.sheet.closed and not found.failed and not found.open
    assert found.sheet.foreign_rows == 0
    assert [sheet.total.outstanding for sheet in found.sheet.runs] == [0, 0]


def test_unconfirmed_events_that_arrived_are_counted_apart_and_those_that_did_not_are_not_missing(lake: FakeLake) -> None:
    whole = sent_run(events=200, workers=1)
    sent = sent_run(events=200, workers=1, acknowledged=[Range(0, 0, 99)], unconfirmed=[Range(0, 100, 149)], state=State.INTERRUPTED)
    lake.know(sent)
    lake.deliver(sent)
    arrived = [event for event in whole.events("valid") if 100 <= event.index <= 120]
    for event in arrived:
        lake.put_rows([whole.row(event)], whole.instant(event).date())
    found = judged(lake.audit())
    assert found.sheet.closed
    assert found.sheet.runs[0].unconfirmed_seen == len(arrived) > 0
    assert found.failed == set()


def test_an_event_that_was_never_handed_over_is_a_finding(lake: FakeLake) -> None:
    whole = sent_run(events=200, workers=1)
    sent = sent_run(events=200, workers=1, acknowledged=[Range(0, 0, 99)], state=State.INTERRUPTED)
    lake.know(sent)
    lake.deliver(sent)
    never = next(event for event in whole.events("valid") if event.index > 100)
    lake.put_rows([whole.row(never)], whole.instant(never).date())
    assert judged(lake.audit()).failed == {"sent_only"}


def test_empty_values_are_only_counted(lake: FakeLake) -> None:
    sent = sent_run()
    lake.know(sent)
    lake.deliver(sent)
    short = len(sent.events("empty_value"))
    empties = [
        key for key in lake.listed("errors/") if lake.client.get_object(Bucket="lake", Key=key)["Body"].read().count(b'"rawData": ""')
    ]
    lake.client.delete_object(Bucket="lake", Key=empties[0])
    lake.put_errors([sent.error(None) for _ in range(short - 3)])
    found = judged(lake.audit())
    assert found.failed == {"balance"}
    assert found.sheet.empty.line == Line(short, errors=short - 3, missing=3)
    lake.put_errors([sent.error(None) for _ in range(5)])
    again = judged(lake.audit())
    assert again.sheet.empty.line == Line(short, errors=short, duplicates=2)


def test_an_event_in_the_wrong_place_is_named_with_its_object(lake: FakeLake) -> None:
    sent = sent_run(events=80)
    lake.know(sent)
    as_error, as_row = sent.events("valid")[0], sent.events("bad_timestamp")[0]
    key = lake.put_errors([sent.error(as_error)])
    other = lake.put_rows([sent.row(as_row)], sent.instant(as_row).date())
    found = judged(lake.audit())
    assert found.results["outcomes"].offenders == 2
    assert f"{key} row 0: event {as_error.run}/{as_error.worker}/{as_error.index} is an error record" in found.said("outcomes")
    assert f"{other} row 0: event {as_row.run}/{as_row.worker}/{as_row.index} is a row; class bad_timestamp" in found.said("outcomes")


def test_a_wrong_reason_is_a_finding(lake: FakeLake) -> None:
    import base64
    import json

    from manifest.identity import token

    sent = sent_run(events=80)
    lake.know(sent)
    event = sent.events("bad_timestamp")[0]
    payload = base64.b64encode(json.dumps({"sim_trace": token(event)}).encode()).decode()
    lake.put_errors([sent.error(event, rawData=payload)])
    found = judged(lake.audit())
    assert found.results["reasons"].offenders == 1
    assert "is refused for missing_timestamp; class bad_timestamp must be for bad_timestamp" in found.said("reasons")


def test_a_manifest_whose_counts_are_not_its_ranges_is_a_finding(lake: FakeLake) -> None:
    from dataclasses import replace

    sent = sent_run(events=80)
    classes = dict(sent.manifest.classes)
    for name, more in (("bad_timestamp", 1), ("empty_value", -1)):  # both end as errors and are sent once, so every sum stays
        count = classes[name].acknowledged + more
        classes[name] = replace(classes[name], acknowledged=count, copies=count)
    sent.manifest = replace(sent.manifest, classes=classes)
    lake.know(sent)
    assert "manifests" in judged(lake.audit()).failed


def sent_rows_of(lake: FakeLake, key: str) -> list[dict[str, object]]:
    import io

    import pyarrow.parquet as pq

    body = lake.client.get_object(Bucket="lake", Key=key)["Body"].read()
    table = pq.ParquetFile(io.BytesIO(body), coerce_int96_timestamp_unit="us").read()
    return table.to_pylist()  # type: ignore[no-any-return]
