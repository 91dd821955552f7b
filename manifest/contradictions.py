"""What no run can have written: counts that do not add up, ranges outside of the plan, times that are none.

Whoever holds a lake against a manifest takes it at its word, so a manifest that was edited or damaged must not get so far.
What needs every event's class (do the ranges hold the events that the classes count?) is left to the balance sheet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from itertools import pairwise

from manifest.document import DateCount, Expect, Manifest, Range
from manifest.draws import SHARES
from manifest.identity import TAG


def contradictions(manifest: Manifest) -> Iterator[str]:
    """Why the manifest cannot be what a run wrote; nothing where it can."""
    if not TAG.fullmatch(manifest.run):
        yield f"run is {manifest.run!r}, not 6 to 12 of 0-9 and a-z"
    if manifest.workers < 1 or manifest.step_us < 1 or manifest.events_planned < 0 or manifest.late_units < 0:
        yield "workers, step_us, events_planned or late_units is out of range"
        return
    if manifest.late_unit_us < max(manifest.span_us, 1):
        yield f"late_unit_us {manifest.late_unit_us} is shorter than the run's span of {manifest.span_us}"
    for name, text in (("created_at", manifest.created_at), ("finished_at", manifest.finished_at)):
        if text is not None and not _is_instant(text):
            yield f"{name} is {text!r}, no ISO 8601 time"
    yield from _of_classes(manifest)
    yield from _of_ranges(manifest)
    yield from _of_dates(manifest)
    yield from _of_partitions(manifest)


def _of_classes(manifest: Manifest) -> Iterator[str]:
    shares = [count.up_to for count in manifest.classes.values()]
    if not shares or shares != sorted(shares) or shares[0] < 0 or shares[-1] != SHARES:
        yield f"the classes' up_to must grow to {SHARES}"
    for name, count in manifest.classes.items():
        if count.times < 1 or count.acknowledged < 0:
            yield f"class {name} has times {count.times} and acknowledged {count.acknowledged}; the least is 1 and 0"
        if count.copies != count.acknowledged * count.times:
            yield f"class {name} has {count.copies} copies, not {count.acknowledged} acknowledged times {count.times}"


def _of_ranges(manifest: Manifest) -> Iterator[str]:
    for name, ranges in (("acknowledged", manifest.acknowledged), ("unconfirmed", manifest.unconfirmed)):
        for found in ranges:
            if not _inside(manifest, found):
                yield f"{name} has worker {found.worker}, {found.first} to {found.last}, outside the plan"
    everything = sorted((*manifest.acknowledged, *manifest.unconfirmed), key=lambda found: (found.worker, found.first))
    for before, after in pairwise(everything):
        if before.worker == after.worker and after.first <= before.last:
            yield f"worker {after.worker}'s ranges overlap at index {after.first}"
    counted = sum(count.acknowledged for count in manifest.classes.values())
    if counted != manifest.acknowledged_events:
        yield f"the classes count {counted} acknowledged events, the ranges {manifest.acknowledged_events}"


def _of_dates(manifest: Manifest) -> Iterator[str]:
    """Every acknowledged event that must become a row is counted in one date, by class."""
    rows = {name: count for name, count in manifest.classes.items() if count.expect is Expect.ROW}
    dated: Counter[str] = Counter()
    for day, found in manifest.event_dates.items():
        if not _is_date(day):
            yield f"event_dates has {day!r}, no date YYYY-MM-DD"
        if foreign := sorted(set(found.classes) - set(rows)):
            yield f"event_dates {day} has class {foreign[0]}, which is none whose events become rows"
            return
        times = {name: rows[name].times for name in found.classes}
        yield from _of_date(day, found, times)
        dated.update(found.classes)
    for name, count in rows.items():
        if dated[name] != count.acknowledged:
            yield f"event_dates count {dated[name]} events of class {name}, the classes {count.acknowledged}"


def _of_date(day: str, found: DateCount, times: dict[str, int]) -> Iterator[str]:
    events = sum(found.classes.values())
    copies = sum(count * times[name] for name, count in found.classes.items())
    if min(found.classes.values(), default=0) < 0:
        yield f"event_dates {day} counts fewer than 0 events of a class"
    if (found.acknowledged, found.copies) != (events, copies):
        yield f"event_dates {day} has {found.acknowledged} acknowledged and {found.copies} copies, its classes {events} and {copies}"


def _of_partitions(manifest: Manifest) -> Iterator[str]:
    """Partitions count every acknowledged message: all copies of acknowledged events, and some of unconfirmed ones."""
    for partition, found in manifest.partitions.items():
        if not (partition.isascii() and partition.isdecimal()):
            yield f"partitions has {partition!r}, no partition's number"
        if found.acknowledged < 1 or found.first_offset > found.last_offset:
            yield f"partition {partition} has {found.acknowledged} messages from offset {found.first_offset} to {found.last_offset}"
    messages = sum(found.acknowledged for found in manifest.partitions.values())
    least = sum(count.copies for count in manifest.classes.values())
    most = least + manifest.unconfirmed_events * max((count.times for count in manifest.classes.values()), default=1)
    if not least <= messages <= most:
        yield f"the partitions count {messages} acknowledged messages, the classes {least} and at most {most - least} of unconfirmed events"


def _inside(manifest: Manifest, found: Range) -> bool:
    return 0 <= found.worker < manifest.workers and 0 <= found.first <= found.last < manifest.events_of(found.worker)


def _is_instant(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
