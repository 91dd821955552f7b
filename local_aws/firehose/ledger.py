"""The delivery ledger: one JSON line before an object is put and one after, so that a crash leaves no doubt.

    intent    this object is about to be put: key, prefix, records, why its buffer closed, offsets by partition, and how
              many of its records had been delivered before (`redelivered`)
    done      the object is in S3
    settled   after a restart, a HEAD told whether an intent without `done` had succeeded

The sum of `redelivered` over delivered objects is exactly the number of surplus copies in S3.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local_aws.firehose.offset_sets import Delivered, decode, encode


@dataclass(frozen=True)
class Intent:
    """One object about to be put."""

    bucket: str
    key: str
    prefix: str
    kind: str
    """`data`, or the error type of an error object."""
    closed_by: str
    records: int
    size: int
    offsets: Mapping[int, Sequence[int]]


class Ledger:
    """The ledger of one stream. Safe to use from several threads once `recover` has run."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = threading.Lock()
        self._before = Delivered()
        self._redelivered: dict[str, int] = {}
        self._file = path.open("ab")
        self.redelivered_records = 0
        self.objects = 0
        self.records = 0

    def recover(self, watermarks: Mapping[int, int], is_there: Callable[[str, str, float], bool]) -> None:
        """Take over what was delivered before this start.

        `is_there(bucket, key, age)` settles intents of which nobody knows whether they succeeded; `age` is how many
        seconds ago the object was about to be put.
        """
        intents: dict[str, dict[str, Any]] = {}
        delivered: set[str] = set()
        for line in self._lines():
            key = line.get("key", "")
            if line["event"] == "intent":
                intents[key] = line
            elif line["event"] == "done" or (line["event"] == "settled" and line["delivered"]):
                delivered.add(key)
            elif line["event"] == "settled":
                intents.pop(key, None)
        for key, intent in intents.items():
            if key not in delivered:
                age = (datetime.now(UTC) - datetime.fromisoformat(intent["time"])).total_seconds()
                there = is_there(intent["bucket"], key, age)
                self._append({"event": "settled", "key": key, "delivered": there})
                if not there:
                    continue
            self._count(intent["records"], intent["redelivered"])
            for partition, offsets in intent["offsets"].items():
                if offsets["last"] >= watermarks.get(int(partition), 0):
                    self._before.add(int(partition), decode(offsets))

    def intend(self, intent: Intent) -> None:
        """Make it durable that this object is about to be put."""
        redelivered = sum(self._before.count(partition, offsets) for partition, offsets in intent.offsets.items())
        line = {
            "event": "intent",
            "bucket": intent.bucket,
            "key": intent.key,
            "prefix": intent.prefix,
            "kind": intent.kind,
            "closed_by": intent.closed_by,
            "records": intent.records,
            "bytes": intent.size,
            "redelivered": redelivered,
            "offsets": {str(partition): encode(offsets) for partition, offsets in intent.offsets.items()},
        }
        with self._lock:
            self._redelivered[intent.key] = redelivered
            self._append(line)

    def done(self, intent: Intent) -> None:
        """Make it durable that the object is in S3."""
        with self._lock:
            self._append({"event": "done", "key": intent.key})
            self._count(intent.records, self._redelivered.pop(intent.key))

    def _count(self, records: int, redelivered: int) -> None:
        self.objects += 1
        self.records += records
        self.redelivered_records += redelivered

    def _append(self, line: Mapping[str, Any]) -> None:
        stamped = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **line}
        self._file.write(json.dumps(stamped, separators=(",", ":")).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _lines(self) -> Iterator[dict[str, Any]]:
        """All whole lines, and an end for the last one where a crash cut it short."""
        yield from read(self._path)
        with self._path.open("rb") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read() != b"\n":
                    self._file.write(b"\n")


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a ledger. One that a crash cut short, or that is being written, tells of no object that was put."""
    with path.open("rb") as file:
        for text in file:
            if text.endswith(b"\n"):
                with contextlib.suppress(ValueError):
                    yield json.loads(text)
