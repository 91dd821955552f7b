"""The commands' exit codes and words: 0 passed, 1 failed, 2 wrong use, 3 not concluded."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fake_lake import BUCKET, FakeLake, sent_run

import validation
from validation.__main__ import main

Capture = pytest.CaptureFixture[str]
Command = Callable[..., int]


@pytest.fixture
def command(lake: FakeLake) -> Command:
    lake.outputs()

    def run(*words: str) -> int:
        return main([*words, "--outputs", str(lake.directory / "outputs.json")])

    return run


def results(captured: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for line in captured.splitlines():
        document = json.loads(line)
        found.setdefault(document["result"], []).append(document)
    return found


def test_a_complete_lake_exits_0_and_shows_the_sheet(lake: FakeLake, command: Command, capsys: Capture) -> None:
    sent = sent_run()
    lake.know(sent)
    lake.deliver(sent)
    assert command("lake", "--wait") == 0
    said = capsys.readouterr().out
    for word in ("Messages by class", "bad_timestamp", "total", "Rows by event date", "2026-11-24", "Verdict: passed"):
        assert word in said


def test_the_result_for_machines_is_one_object_a_line(lake: FakeLake, command: Command, capsys: Capture) -> None:
    sent = sent_run()
    lake.know(sent)
    lake.deliver(sent)
    assert command("lake", "--output", "json") == 0
    found = results(capsys.readouterr().out)
    total = found["classes"][0]["rows"][-1]
    assert total["sent"] == total["row_count"] + total["error_count"] > 0
    assert total["in_flight"] == 0
    lists = [row for name in ("classes", "runs", "event_dates", "checks") for row in found[name][0]["rows"]]
    assert all(key.isidentifier() for row in lists for key in row)
    assert {row["outcome"] for row in found["checks"][0]["rows"]} == {"passed"}
    assert all(isinstance(row["looked_at"], int) and row["offenders"] == 0 for row in found["checks"][0]["rows"])
    assert found["verdict"][0]["outcome"] == "passed"
    assert {row["check"] for row in found["checks"][0]["rows"]} >= {"balance", "duplicates", "own_date", "readable"}


def test_a_loss_exits_1_and_names_the_events(lake: FakeLake, command: Command, capsys: Capture) -> None:
    sent = sent_run()
    lake.know(sent)
    lake.deliver(sent)
    lake.client.delete_object(Bucket=BUCKET, Key=lake.listed()[0])
    assert command("lake", "--deadline", "0") == 1
    said = capsys.readouterr().out
    assert "failed balance" in said and "event abc123/" in said and "Verdict: failed (balance)" in said


def test_in_flight_exits_3_with_the_deadline(lake: FakeLake, command: Command, capsys: Capture) -> None:
    lake.know(sent_run(finished_at=datetime.now(UTC)))
    assert command("lake") == 3
    assert "are in flight; missing after" in capsys.readouterr().out


def test_no_manifest_is_never_a_pass_unless_asked_for(lake: FakeLake, command: Command, capsys: Capture) -> None:
    lake.deliver(sent_run())
    assert command("lake") == 3
    captured = capsys.readouterr()
    assert "nothing tells what was sent" in captured.out and "There is no manifest" in captured.err
    assert command("lake", "--without-manifest") == 0


def test_manifests_are_named_or_found_in_a_directory(lake: FakeLake, command: Command, tmp_path: Path) -> None:
    one, two = sent_run(), sent_run("zzz999", seed=9)
    lake.know(one, two)
    lake.deliver(one)
    assert command("lake", "--deadline", "0") == 1
    assert command("lake", "--manifest", str(lake.runs[0]), "--deadline", "0") == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "abc123.json").write_bytes(lake.runs[0].read_bytes())
    assert command("lake", "--manifests", str(elsewhere)) == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("lake", "--manifest", "/nowhere.json"), 2, "there is no such manifest"),
        (("lake", "--manifests", "/nowhere"), 2, "is no directory"),
        (("lake", "--duplicates-budget", "many"), 2, "neither a count (100) nor a rate"),
        (("lake", "--duplicates-budget", "101%"), 2, "out of range"),
        (("lake", "--deadline", "-1"), 2, "is negative"),
        (("lake", "--deadline", "soon"), 2, "'soon' is no whole number"),
        (("errors", "--samples", "foo"), 2, "'foo' is no whole number"),
        (("query", "select 1", "--max-rows", "0"), 2, "0 is not 1 or more"),
        (("query", " "), 2, "there is no SQL"),
        ((), 2, "COMMAND"),
    ],
)
def test_wrong_use_is_said_in_words(command: Command, capsys: Capture, words: tuple[str, ...], code: int, said: str) -> None:
    assert (command(*words) if words else main([])) == code
    assert said in capsys.readouterr().err


def test_a_manifest_of_a_newer_version_or_half_of_one_is_refused(lake: FakeLake, command: Command, capsys: Capture) -> None:
    lake.know(sent_run())
    document = json.loads(lake.runs[0].read_text())
    lake.runs[0].write_text(json.dumps({**document, "format_version": 2}))
    assert command("lake") == 2
    assert "format_version 2" in capsys.readouterr().err
    lake.runs[0].write_text(json.dumps(document)[:100])
    assert command("lake") == 2
    assert "cut short" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ({"finished_at": "rubbish"}, "abc123.json: finished_at is 'rubbish', no ISO 8601 time."),
        ({"finished_at": "2099-01-01T00:00:00Z"}, "abc123.json: finished_at is 2099-01-01T00:00:00Z, but the file was written at 20"),
        ({"event_dates": {"not-a-date": {"acknowledged": 0, "copies": 0}}}, "abc123.json: event_dates has 'not-a-date'"),
    ],
)
def test_a_manifest_that_was_edited_is_refused_by_its_file_s_name(
    lake: FakeLake, command: Command, capsys: Capture, edit: dict[str, Any], said: str
) -> None:
    lake.know(sent_run())
    lake.runs[0].write_text(json.dumps({**json.loads(lake.runs[0].read_text()), **edit}))
    assert command("lake", "--wait") == 2
    assert said in capsys.readouterr().err


def test_copies_that_were_edited_away_are_no_pass(lake: FakeLake, command: Command, capsys: Capture) -> None:
    sent = sent_run()
    lake.know(sent)
    lake.deliver(sent)
    document = json.loads(lake.runs[0].read_text())
    for copies in (0, -5):
        document["classes"]["empty_value"]["copies"] = copies
        lake.runs[0].write_text(json.dumps(document))
        assert command("lake") == 2
        assert f"class empty_value has {copies} copies" in capsys.readouterr().err


def test_a_sender_s_clock_that_is_ahead_does_not_move_the_deadline(lake: FakeLake, command: Command, capsys: Capture) -> None:
    lake.know(sent_run(finished_at=datetime.now(UTC) + timedelta(minutes=50)))
    assert command("lake", "--deadline", "0") == 1
    assert "are missing" in capsys.readouterr().out


def test_a_bucket_that_is_gone_is_said_in_words(lake: FakeLake, command: Command, capsys: Capture) -> None:
    lake.client.delete_bucket(Bucket=BUCKET)
    assert command("lake") == 3
    said = capsys.readouterr().err
    assert "s3://lake/events/: cannot be listed (NoSuchBucket" in said and "Traceback" not in said


def test_errors_are_grouped_and_a_sample_is_shown(lake: FakeLake, command: Command, capsys: Capture) -> None:
    sent = sent_run()
    lake.deliver(sent)
    assert command("errors") == 0
    said = capsys.readouterr().out
    assert "bad_timestamp" in said and "empty_value" in said and "(no bytes)" in said
    assert any(sent.value(event).decode() in said for event in sent.events("bad_timestamp"))
    lake.put_errors([b"{"])
    assert command("errors", "--output", "json") == 1
    found = results(capsys.readouterr().out)
    assert sum(row["records"] for row in found["groups"][0]["rows"]) == len(sent.events("bad_timestamp", "empty_value"))
    assert found["problem"][0]["line"] == 0


def test_a_run_that_ended_before_the_bucket_was_made_is_left_out_unless_named(lake: FakeLake, command: Command, capsys: Capture) -> None:
    lake.know(sent_run(finished_at=datetime(2020, 1, 1, tzinfo=UTC)))
    assert command("lake") == 3
    assert "Run abc123 ended before the bucket was made" in capsys.readouterr().err
    assert command("lake", "--manifest", str(lake.runs[0])) == 1


def test_the_room_imports_neither_the_simulator_nor_the_local_target() -> None:
    for path in Path(validation.__file__).parent.glob("*.py"):
        imported = [line.split()[1].split(".")[0] for line in path.read_text().splitlines() if line.startswith(("import ", "from "))]
        assert not {"producer_sim", "local_aws", "operations"} & set(imported), path


def test_nothing_is_ever_written(lake: FakeLake, command: Command) -> None:
    sent = sent_run()
    lake.know(sent)
    lake.deliver(sent)
    before = {item["Key"]: item["ETag"] for item in lake.client.list_objects_v2(Bucket=BUCKET)["Contents"]}
    files = {path: path.read_bytes() for path in lake.directory.rglob("*") if path.is_file()}
    command("lake", "--wait")
    command("errors")
    assert {item["Key"]: item["ETag"] for item in lake.client.list_objects_v2(Bucket=BUCKET)["Contents"]} == before
    assert {path: path.read_bytes() for path in lake.directory.rglob("*") if path.is_file()} == files
