"""What a command says of what it did: tables for people, objects for machines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from console import Column, Output
from manifest import Manifest, State
from producer_sim.load import Ended
from producer_sim.pace import quantile
from producer_sim.send_file import Sent
from simulated_events.classes import EventClass
from simulated_events.generator import Event


def show_load(ended: Ended, path: Path, output: Output, *, with_classes: bool = True) -> None:
    """The classes, and what was asked and held."""
    found, pace = ended.manifest, ended.pace
    rows = [
        [name, count.expect.value, count.reason, count.acknowledged, count.copies]
        for name, count in found.classes.items()
        if count.acknowledged
    ]
    if with_classes:
        output.table(
            "classes", ["class", "becomes", "reason", "events", "messages"], rows, title=f"\nRun {found.run}: acknowledged, by class"
        )
    figures: dict[str, Any] = {
        "run": found.run,
        "state": found.state.value,
        "manifest": str(path),
        "topic": found.topic,
        "events_planned": found.events_planned,
        "events_acknowledged": found.acknowledged_events,
        "messages_acknowledged": sum(seen.acknowledged for seen in found.partitions.values()),
        "events_unconfirmed": found.unconfirmed_events,
        "delivery_errors": dict(found.delivery_errors),
        "seconds": round(pace.seconds, 3),
        "rate_asked": pace.asked,
        "rate_reached": round(pace.reached, 1),
        "rate_held": pace.held,
        "worst_lag_seconds": round(pace.worst_lag, 4),
        "behind_at_seconds": pace.behind_at,
        "hand_over_p99_ms": _milliseconds(quantile(pace.lags, 0.99)),
        "acknowledged_p50_ms": _milliseconds(quantile(pace.waits, 0.5)),
        "acknowledged_p99_ms": _milliseconds(quantile(pace.waits, 0.99)),
    }
    output.result("load", figures, _sentences(found, figures, pace.sentence(stopped=found.state is State.INTERRUPTED), path))


def _sentences(found: Manifest, figures: dict[str, Any], pace: str, path: Path) -> str:
    rows = sum(date.acknowledged for date in found.event_dates.values())
    dates = f"{len(found.event_dates)} event dates" if len(found.event_dates) != 1 else "1 event date"
    lines = [
        "",
        f"{found.acknowledged_events:,} of {found.events_planned:,} events acknowledged ({figures['messages_acknowledged']:,} messages in "
        f"{len(found.partitions)} partitions of {found.topic}): {rows:,} must become rows in {dates}.",
        pace,
    ]
    if figures["acknowledged_p99_ms"] is not None:
        lines.append(
            f"Acknowledged after the intended time: p50 {figures['acknowledged_p50_ms']:,} ms, p99 {figures['acknowledged_p99_ms']:,} ms; "
            f"handed over p99 {figures['hand_over_p99_ms']:,} ms (sampled)."
        )
    if found.unconfirmed_events:
        lines.append(f"{found.unconfirmed_events:,} events are unconfirmed: they may or may not be in the topic.")
    if found.delivery_errors:
        lines.append("Given up on: " + ", ".join(f"{count:,} x {code}" for code, count in found.delivery_errors.items()) + ".")
    return "\n".join([*lines, f"Manifest: {path}"])


def show_sent(sent: Sent, topic: str, output: Output) -> None:
    """How many lines went where."""
    if not sent.lines:
        output.notice("There was no line to send: the input is empty.")
    rows = [[partition, first, last, count] for partition, (first, last, count) in sent.partitions.items()]
    output.table(
        "partitions", ["partition", Column("first_offset", "first offset"), Column("last_offset", "last offset"), "messages"], rows
    )
    output.result(
        "send",
        {"topic": topic, "lines": sent.lines, "acknowledged": sent.acknowledged, "delivery_errors": dict(sent.errors)},
        f"{sent.acknowledged:,} of {sent.lines:,} lines acknowledged in topic {topic}.",
    )


def show_event(event: Event, output: Output) -> None:
    """One event: what it is, what must come of it, its bytes."""
    value = event.value
    becomes = f"an error record, {event.of.reason}" if event.of.reason else f"a row in event_date={event.event_date}"
    text = "(no value: a tombstone)" if value is None else value.decode("utf-8", "backslashreplace")
    figures: dict[str, Any] = {
        "run": event.identity.run,
        "worker": event.identity.worker,
        "index": event.identity.index,
        "class": event.of.name,
        "expect": event.of.expect.value,
        "reason": event.of.reason,
        "event_date": event.event_date,
        "times": event.of.times,
        "bytes": None if value is None else len(value),
        "payload": None if value is None else text,
        "payload_hex": None if value is None else value.hex(),
    }
    times = "" if event.of.times == 1 else f", sent {event.of.times} times"
    size = "" if value is None else f" ({len(value):,} bytes)"
    output.result("event", figures, f"class    {event.of.name}{times}\nbecomes  {becomes}\npayload{size}\n{text}")


def show_classes(classes: tuple[EventClass, ...], output: Output) -> None:
    """Every class there is."""
    rows = [[found.name, found.group.value, found.expect.value, found.reason, found.times] for found in classes]
    output.table("classes", ["class", "group", "becomes", "reason", "times"], rows)


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
