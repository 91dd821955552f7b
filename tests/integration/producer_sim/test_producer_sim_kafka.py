"""The simulator against a real broker: what a manifest says is what the topic holds, however the run ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from manifest import Identifier, Identity, Manifest, State
from tests.integration.producer_sim.conftest import Place

pytestmark = pytest.mark.integration


def close(found: Manifest, place: Place) -> Counter[Identity]:
    """Check a manifest against the topic, and return how often each event is in it."""
    identifier = Identifier([found])
    messages = place.messages()
    seen = Counter(identity for _, _, value in messages if value and (identity := identifier.payload(value)) is not None)
    assert sum(seen.values()) == sum(1 for _, _, value in messages if value), "a message in the topic was not recognised"
    acknowledged, unconfirmed = indices(found, "acknowledged"), indices(found, "unconfirmed")
    assert not acknowledged & unconfirmed
    identifiable = {event for event in acknowledged if found.classes[found.class_of(event.worker, event.index)].identifiable}
    assert identifiable <= set(seen), "an acknowledged event is not in the topic"
    assert set(seen) <= acknowledged | unconfirmed, "an event in the topic is neither acknowledged nor unconfirmed"
    assert {event: seen[event] for event in identifiable} == {
        event: found.classes[found.class_of(event.worker, event.index)].times for event in identifiable
    }
    without_bytes = sum(count.acknowledged for count in found.classes.values() if not count.identifiable)
    assert sum(1 for _, _, value in messages if not value) >= without_bytes
    by_class = Counter(found.class_of(event.worker, event.index) for event in acknowledged)
    assert {name: count.acknowledged for name, count in found.classes.items() if count.acknowledged} == by_class
    return seen


def indices(found: Manifest, name: str) -> set[Identity]:
    return {Identity(found.run, one.worker, index) for one in getattr(found, name) for index in range(one.first, one.last + 1)}


def test_a_whole_run_is_in_the_topic_exactly_as_its_manifest_says(place: Place) -> None:
    done = place.run(
        "load", "--events", "6001", "--rate", "4000", "--workers", "2", "--scenario", "hostile", "--run", "whole01", "--output", "json"
    )
    assert done.returncode == 0, done.stderr.decode()
    result = json.loads(done.stdout.splitlines()[-1])
    found = place.manifest("whole01")
    assert (found.state, found.acknowledged_events, found.unconfirmed) == (State.COMPLETE, 6001, ())
    assert (result["rate_held"], result["events_acknowledged"]) == (True, 6001)
    assert result["manifest"] == str(place.outputs.parent / "manifests" / "whole01.json")
    close(found, place)
    offsets: dict[str, list[int]] = {}
    for partition, offset, _ in place.messages():
        offsets.setdefault(str(partition), []).append(offset)
    assert {name: (seen.first_offset, seen.last_offset, seen.acknowledged) for name, seen in found.partitions.items()} == {
        name: (min(seen), max(seen), len(seen)) for name, seen in offsets.items()
    }
    again = place.run("load", "--events", "5", "--run", "whole01")
    assert again.returncode == 2
    assert b"run whole01 has a manifest already" in again.stderr


def test_an_event_of_a_run_can_be_made_again(place: Place) -> None:
    assert place.run("load", "--events", "40", "--rate", "max", "--scenario", "hostile", "--run", "again01").returncode == 0
    values = [value for _, _, value in place.messages()]
    for index in (3, 17):
        done = place.run("event", "again01", "0", str(index), "--output", "json")
        payload = json.loads(done.stdout)["payload_hex"]
        assert (None if payload is None else bytes.fromhex(payload)) in values
        assert b"has it as acknowledged" in done.stderr


def test_after_kill_9_of_the_loader_nothing_in_the_topic_is_outside_its_manifest(place: Place) -> None:
    loader = place.start("load", "--events", "80000", "--rate", "8000", "--workers", "2", "--scenario", "hostile", "--run", "killed1")
    place.wait_for("killed1", 6_000)
    os.kill(loader.pid, signal.SIGKILL)
    loader.communicate()
    found = place.manifest("killed1")
    assert found.state is State.RUNNING
    assert found.acknowledged_events >= 6_000
    until_quiet(place)
    close(found, place)


def test_after_kill_9_of_a_worker_the_run_ends_and_its_sheet_closes(place: Place) -> None:
    loader = place.start("load", "--events", "80000", "--rate", "8000", "--workers", "2", "--scenario", "hostile", "--run", "worker1")
    place.wait_for("worker1", 5_000)
    workers = subprocess.run(["pgrep", "-P", str(loader.pid)], capture_output=True, text=True, check=True).stdout.split()
    os.kill(int(workers[0]), signal.SIGKILL)
    _, said = loader.communicate(timeout=30)
    assert loader.returncode == 3
    assert b"ended on its own (killed by signal 9)" in said
    found = place.manifest("worker1")
    assert found.state is State.INTERRUPTED
    close(found, place)


def test_ctrl_c_ends_in_order_with_every_event_acknowledged(place: Place) -> None:
    loader = place.start("load", "--duration", "1h", "--rate", "5000", "--run", "ctrlc01")
    place.wait_for("ctrlc01", 5_000)
    os.kill(loader.pid, signal.SIGINT)
    out, said = loader.communicate(timeout=30)
    assert loader.returncode == 130, said.decode()
    assert b"Interrupted." in said
    found = place.manifest("ctrlc01")
    assert found.state is State.INTERRUPTED
    assert f"{found.acknowledged_events:,} of 18,000,000 events acknowledged".encode() in out
    assert found.unconfirmed_events <= 20, "only events whose second copy was not yet due may be left"
    close(found, place)


def test_a_manifest_that_cannot_be_kept_stops_the_run(place: Place) -> None:
    loader = place.start("load", "--duration", "30s", "--rate", "2000", "--run", "nodisk1")
    kept = place.wait_for("nodisk1", 2_000)
    directory = place.outputs.parent / "manifests"
    directory.rename(directory.with_name("moved"))
    directory.write_text("in the way")
    _, said = loader.communicate(timeout=30)
    assert loader.returncode == 3
    assert b"nodisk1.json: the manifest cannot be written" in said
    directory.unlink()
    directory.with_name("moved").rename(directory)
    found = place.manifest("nodisk1")
    assert found.acknowledged_events >= kept.acknowledged_events
    close(found, place)


def test_a_files_lines_arrive_as_they_are(place: Place, tmp_path: Path) -> None:
    lines = [b'{"a": 1}', b"", b"\xff\xfe not json", b'{"b": 2}\r', b'  {"c": 3}  ']
    (tmp_path / "lines").write_bytes(b"\n".join(lines))
    done = place.run("send", str(tmp_path / "lines"), "--output", "json")
    assert done.returncode == 0, done.stderr.decode()
    partitions, result = (json.loads(line) for line in done.stdout.splitlines())
    assert result == {"result": "send", "topic": place.topic, "lines": 5, "acknowledged": 5, "delivery_errors": {}}
    messages = place.messages()
    assert sorted(value or b"" for _, _, value in messages) == sorted(lines)
    assert sum(row["messages"] for row in partitions["rows"]) == 5
    assert {row["partition"]: (row["first_offset"], row["last_offset"]) for row in partitions["rows"]} == {
        number: (min(offsets), max(offsets))
        for number in {partition for partition, _, _ in messages}
        if (offsets := [offset for partition, offset, _ in messages if partition == number])
    }
    piped = place.run("send", "-", input=b"one\ntwo\n")
    assert b"2 of 2 lines acknowledged" in piped.stdout


def test_a_line_that_is_too_large_is_counted_and_its_neighbours_arrive(place: Place) -> None:
    done = place.run("send", "-", "--output", "json", input=b"small\n" + b"x" * 2_000_000 + b"\nsmall too\n")
    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[-1])["delivery_errors"] == {"MSG_SIZE_TOO_LARGE": 1}
    assert b"1 of 3 lines were not acknowledged: 1 x MSG_SIZE_TOO_LARGE" in done.stderr
    assert sorted(value or b"" for _, _, value in place.messages()) == [b"small", b"small too"]


def test_a_topic_that_is_not_there_is_said_before_anything_is_written(
    place: Place, place_of: Callable[[str, str, Path], Place], tmp_path: Path
) -> None:
    absent = place_of(place.bootstrap, "no-such-topic", tmp_path).run("load", "--events", "5")
    assert absent.returncode == 3
    assert b"there is no topic no-such-topic" in absent.stderr
    assert not list(tmp_path.glob("manifests/*"))


def until_quiet(place: Place) -> None:
    """Wait until nobody sends to the topic any more."""
    before, deadline = -1, time.monotonic() + 30
    while (now := sum(place.ends().values())) != before and time.monotonic() < deadline:
        before = now
        time.sleep(1)
