"""Manifests on disk: whole or not at all, and refused where they cannot be what a run wrote."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import manifest
from manifest import ClassCount, DateCount, Expect, Manifest, ManifestError, ManifestNotWritten, PartitionCount, Range, State
from manifest.draws import SHARES

MANIFEST = Manifest(
    run="abc1234",
    seed=7,
    created_at="2026-11-24T03:10:00.000Z",
    state=State.INTERRUPTED,
    topic="user-events",
    base_us=1_795_000_000_000_000,
    step_us=500,
    workers=2,
    late_unit_us=3_600_000_000,
    late_units=72,
    events_planned=1001,
    classes={
        "valid": ClassCount(Expect.ROW, None, True, 1, SHARES // 2, 300, 300),
        "tombstone": ClassCount(Expect.ERROR, "empty_value", False, 1, SHARES, 100, 100),
    },
    acknowledged=(Range(0, 0, 299), Range(1, 0, 99)),
    unconfirmed=(Range(0, 300, 500),),
    event_dates={"2026-11-24": DateCount(300, 300, {"valid": 300})},
    partitions={"0": PartitionCount(5, 410, 400)},
    delivery_errors={"_MSG_TIMED_OUT": 3},
    finished_at="2026-11-24T03:10:09.000Z",
    settings={"earliest_event_date": "2020-01-01"},
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = manifest.path_of(tmp_path, MANIFEST.run)
    manifest.write(path, MANIFEST)
    assert manifest.read(path) == MANIFEST
    assert manifest.find(tmp_path) == [path]


def test_find_gives_no_half_written_file_and_nothing_where_there_is_no_directory(tmp_path: Path) -> None:
    assert manifest.find(tmp_path) == []
    manifest.write(manifest.path_of(tmp_path, "abc1234"), MANIFEST)
    (tmp_path / "manifests" / ".zzz.json.1.part").write_text("{")
    assert [path.name for path in manifest.find(tmp_path)] == ["abc1234.json"]


def test_a_write_that_fails_leaves_the_former_manifest_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = manifest.path_of(tmp_path, MANIFEST.run)
    manifest.write(path, MANIFEST)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ManifestNotWritten, match=r"abc1234\.json: the manifest cannot be written \(No space left on device\)"):
        manifest.write(path, replace(MANIFEST, seed=8))
    assert manifest.read(path) == MANIFEST
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_fields_of_a_later_simulator_are_ignored(tmp_path: Path) -> None:
    path = manifest.path_of(tmp_path, MANIFEST.run)
    manifest.write(path, MANIFEST)
    path.write_text(json.dumps({**json.loads(path.read_text()), "hash_sums": {}}))
    assert manifest.read(path) == MANIFEST


def test_an_absent_manifest_is_said_to_be_absent(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="there is no such manifest"):
        manifest.read(tmp_path / "none.json")


def edited(key: str, value: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda document: {**document, key: value}


def in_class(name: str, **counts: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda document: {**document, "classes": {**document["classes"], name: {**document["classes"][name], **counts}}}


def dated(day: str, acknowledged: int, copies: int, **classes: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return edited("event_dates", {day: {"acknowledged": acknowledged, "copies": copies, "classes": classes}})


def partition(name: str, first: int, last: int, acknowledged: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return edited("partitions", {name: {"first_offset": first, "last_offset": last, "acknowledged": acknowledged}})


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (edited("format_version", 2), "has format_version 2; this checkout reads 1"),
        (edited("format_version", None), "is not a manifest"),
        (edited("run", "UPPER"), "run is 'UPPER'"),
        (edited("state", "lost"), r"Invalid enum value 'lost' - at `\$\.state`"),
        (edited("workers", 0), "out of range"),
        (edited("late_unit_us", 1000), "shorter than the run's span"),
        (edited("acknowledged", [{"worker": 0, "first": 0, "last": 400}]), "overlap at index 300"),
        (edited("acknowledged", [{"worker": 2, "first": 0, "last": 4}]), "outside the plan"),
        (edited("acknowledged", [{"worker": 0, "first": 0, "last": 4}]), "count 400 acknowledged events, the ranges 5"),
        (edited("unconfirmed", [{"worker": 0, "first": 300, "last": 501}]), "outside the plan"),
        (edited("classes", {}), "up_to must grow to 4294967296"),
        (edited("created_at", "rubbish"), "created_at is 'rubbish', no ISO 8601 time"),
        (edited("finished_at", "rubbish"), "finished_at is 'rubbish', no ISO 8601 time"),
        (in_class("valid", copies=0), "class valid has 0 copies, not 300 acknowledged times 1"),
        (in_class("tombstone", copies=0), "class tombstone has 0 copies, not 100 acknowledged times 1"),
        (in_class("tombstone", copies=-5), "class tombstone has -5 copies, not 100 acknowledged times 1"),
        (in_class("tombstone", times=0, copies=0), "class tombstone has times 0 and acknowledged 100; the least is 1 and 0"),
        (in_class("tombstone", acknowledged=-1, copies=-1), "class tombstone has times 1 and acknowledged -1"),
        (edited("event_dates", {}), "event_dates count 0 events of class valid, the classes 300"),
        (dated("not-a-date", 300, 300, valid=300), "event_dates has 'not-a-date', no date YYYY-MM-DD"),
        (dated("20261124", 300, 300, valid=300), "event_dates has '20261124', no date YYYY-MM-DD"),
        (dated("2026-11-24", 299, 300, valid=300), "has 299 acknowledged and 300 copies, its classes 300 and 300"),
        (dated("2026-11-24", 300, 301, valid=300), "has 300 acknowledged and 301 copies, its classes 300 and 300"),
        (dated("2026-11-24", 299, 299, valid=299), "event_dates count 299 events of class valid, the classes 300"),
        (dated("2026-11-24", -1, -1, valid=-1), "event_dates 2026-11-24 counts fewer than 0 events of a class"),
        (dated("2026-11-24", 100, 100, tombstone=100), "has class tombstone, which is none whose events become rows"),
        (dated("2026-11-24", 100, 100, strange=100), "has class strange, which is none"),
        (edited("partitions", {}), "the partitions count 0 acknowledged messages, the classes 400"),
        (partition("0", 5, 410, 399), "the partitions count 399 acknowledged messages, the classes 400 and at most 201 of"),
        (partition("0", 5, 900, 602), "the partitions count 602 acknowledged messages, the classes 400 and at most 201 of"),
        (partition("0", 9, 8, 400), "partition 0 has 400 messages from offset 9 to 8"),
        (partition("zero", 5, 410, 400), "partitions has 'zero', no partition's number"),
        (lambda document: {key: value for key, value in document.items() if key != "seed"}, "missing required field `seed`"),
    ],
)
def test_a_damaged_manifest_is_refused_with_what_is_wrong(tmp_path: Path, edit: Callable[[Any], Any], said: str) -> None:
    path = manifest.path_of(tmp_path, MANIFEST.run)
    manifest.write(path, MANIFEST)
    path.write_text(json.dumps(edit(json.loads(path.read_text()))))
    with pytest.raises(ManifestError, match=said):
        manifest.read(path)


def test_messages_of_unconfirmed_events_may_be_among_a_partition_s(tmp_path: Path) -> None:
    path = manifest.path_of(tmp_path, MANIFEST.run)
    manifest.write(path, replace(MANIFEST, partitions={"0": PartitionCount(5, 700, 400 + 201)}))
    assert manifest.read(path).partitions["0"].acknowledged == 601


def test_a_manifest_cut_at_any_place_is_refused(tmp_path: Path) -> None:
    path = manifest.path_of(tmp_path, MANIFEST.run)
    manifest.write(path, MANIFEST)
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 37):
        path.write_bytes(whole[:length])
        with pytest.raises(ManifestError, match="cut short"):
            manifest.read(path)


def test_events_are_dealt_to_workers_in_turn() -> None:
    assert [MANIFEST.events_of(worker) for worker in (0, 1)] == [501, 500]
    assert (MANIFEST.acknowledged_events, MANIFEST.unconfirmed_events) == (400, 201)


def test_classes_come_in_their_shares_and_never_change() -> None:
    numbers = MANIFEST.class_numbers(1, 0, 100_000)
    assert abs(float(numbers.mean()) - 0.5) < 0.01
    assert numbers[777] == MANIFEST.class_numbers(1, 777, 1)[0]
    assert MANIFEST.class_names[numbers[777]] == MANIFEST.class_of(1, 777)
    assert numbers[:16].tolist() == [int(MANIFEST.class_numbers(1, index, 1)[0]) for index in range(16)]
    assert "".join(str(number) for number in MANIFEST.class_numbers(0, 0, 40)) == "0101001010001011011010010101000000010010"
