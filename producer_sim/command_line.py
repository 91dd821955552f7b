"""The commands: their flags, checked here, and what each of them calls."""

from __future__ import annotations

import argparse
import math
import secrets
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from confluent_kafka import KafkaException

import kafka_access
import manifest
import schema
import stack
from console import CommandLineParser, CouldNotRun, ExitCode, Output, UsageError, add_common_options, run
from kafka_access import Connection
from manifest import Manifest, State
from manifest.identity import TAG
from producer_sim import report, scenario, send_file
from producer_sim.errors import NotAllAcknowledged, RateNotHeld, RunExists
from producer_sim.load import Ended, Run
from simulated_events.classes import Group, assemble
from simulated_events.generator import Generator
from simulated_events.plan import Plan, same_schema

_DEFAULT_RATE = 2000.0
_MOST_EVENTS = 1 << 40
_MOST_WORKERS = 64
_GROUPS = tuple(group for group in Group if group is not Group.VALID)
_LOAD = """Send a seeded load, and keep its manifest beside the stack's outputs.

Pacing is open loop: the schedule says when each event is due, and times are taken against that intended moment, so a
sender that falls behind cannot hide it. A rate that could not be held is said so, with exit code 1. The manifest is kept
while sending and completed after Ctrl-C; after kill -9 it holds all that was acknowledged half a second before."""

_SEND = (
    """Send each line of a file as one record, as it is, without its line's end. An empty line is an empty value. No manifest is written."""
)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 done, 1 not all acknowledged or the rate not held, 2 usage, 3 could not run."""
    return run(_parser(), lambda given, output: given.command(given, output), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = CommandLineParser(prog="python -m producer_sim", description="The load simulator: seeded user action events, good and bad.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=CommandLineParser)
    load = commands.add_parser(
        "load", help="send a seeded load and keep its manifest", description=_LOAD, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    amount = load.add_mutually_exclusive_group(required=True)
    amount.add_argument("--events", type=_whole(1, _MOST_EVENTS), metavar="N", help="how many events")
    amount.add_argument("--duration", type=_duration, metavar="S", help="for how long, in seconds, or with a unit: 90s, 10m, 1h")
    load.add_argument("--rate", type=_rate, default=_DEFAULT_RATE, metavar="EVENTS_PER_S", help="events a second, or max (default: 2000)")
    load.add_argument("--seed", type=_whole(0, (1 << 63) - 1), default=1, metavar="N", help="which events (default: 1)")
    load.add_argument("--workers", type=_whole(1, _MOST_WORKERS), default=1, metavar="N", help="sending processes (default: 1)")
    load.add_argument("--run", type=_tag, metavar="TAG", help="the run's name, 6 to 12 of 0-9 and a-z (default: a random one)")
    load.add_argument("--base", type=_instant, metavar="TIME", help="event time of the first event, ISO 8601 (default: now)")
    load.add_argument(
        "--scenario",
        default=scenario.DEFAULT,
        metavar="NAME|FILE",
        help="the classes' shares: mission, clean, hostile or a TOML file",
    )
    for group in _GROUPS:
        load.add_argument(f"--share-{group.value}", type=_share, metavar="F", help=f"share of {group.value} events, 0 to 1")
    load.add_argument("--brief", action="store_true", help="leave out the table of classes")
    load.set_defaults(command=_load)
    send = commands.add_parser("send", help="send a file's lines as they are", description=_SEND)
    send.add_argument("file", metavar="FILE", help="each line is one record; - for standard input")
    send.set_defaults(command=_send)
    event = commands.add_parser("event", help="make one event of a run again, to explain it")
    event.add_argument("run", metavar="RUN", help="a run with a manifest, or a manifest file")
    event.add_argument("worker", type=_whole(0, _MOST_WORKERS), metavar="WORKER")
    event.add_argument("index", type=_whole(0, _MOST_EVENTS), metavar="INDEX")
    event.add_argument("--seed", type=_whole(0, (1 << 63) - 1), metavar="N", help="another seed than the run's")
    event.set_defaults(command=_event)
    classes = commands.add_parser("classes", help="list the classes of events and what must come of each")
    classes.set_defaults(command=_classes)
    for command in (load, send, event, classes):
        stack.add_outputs_option(command)
        add_common_options(command)
    return parser


def _load(given: argparse.Namespace, output: Output) -> ExitCode:
    classes = assemble(schema.load())
    changed: dict[Group, float] = {group: share for group in _GROUPS if (share := getattr(given, f"share_{group.value}")) is not None}
    up_to = scenario.load(given.scenario).changed(changed).up_to(classes)
    events = given.events if given.events is not None else _events_in(given.duration, given.rate)
    outputs = stack.load(given.outputs)
    connection = _connection(outputs)
    now = datetime.now(UTC)
    tag = given.run or _random_tag()
    path = manifest.path_of(outputs.directory, tag)
    if path.exists():
        raise RunExists(f"{path}: run {tag} has a manifest already.", "Name another --run, or leave it out for a new one.")
    window = outputs.transform_accepted_window
    plan = Plan.of(
        run=tag,
        seed=given.seed,
        base_us=_microseconds(given.base or now),
        rate=given.rate,
        workers=given.workers,
        events=events,
        classes=classes,
        up_to=up_to,
        earliest_event_date=window.earliest_event_date if window.max_event_age_days is None else None,
    )
    kafka_access.check(connection, outputs.kafka_topic)
    rate = "as fast as can be" if given.rate is None else f"at {given.rate:,.0f} events/s"
    output.notice(f"Run {tag}: {events:,} events {rate} to topic {outputs.kafka_topic}, seed {given.seed}, scenario {given.scenario}.")
    ended = Run(plan, given.rate, outputs.kafka_topic, connection, classes, path, output).execute()
    report.show_load(ended, path, output, with_classes=not given.brief)
    return _verdict(ended)


def _verdict(ended: Ended) -> ExitCode:
    if ended.trouble is not None:
        raise ended.trouble
    if ended.stopped:
        raise KeyboardInterrupt
    lost = ended.manifest.unconfirmed_events
    if lost and not ended.manifest.acknowledged_events:
        raise CouldNotRun("load: Kafka acknowledged nothing.", _errors(ended.manifest))
    if lost:
        raise NotAllAcknowledged(f"load: Kafka did not acknowledge {lost:,} of {ended.pace.planned:,} events.", _errors(ended.manifest))
    if not ended.pace.held:
        raise RateNotHeld(
            f"load: the rate was missed, although all {ended.pace.planned:,} events were acknowledged.",
            "Ask for a lower --rate (make: RATE=), or for max, which promises none.",
        )
    return ExitCode.PASS


def _send(given: argparse.Namespace, output: Output) -> ExitCode:
    source = nullcontext(sys.stdin.buffer) if given.file == "-" else _open(Path(given.file))
    with source as file:
        outputs = stack.load(given.outputs)
        connection = _connection(outputs)
        kafka_access.check(connection, outputs.kafka_topic)
        try:
            sent = send_file.send(connection, outputs.kafka_topic, send_file.lines_of(file))
        except KafkaException as error:
            raise CouldNotRun(f"send: Kafka's client cannot go on: {error.args[0].str()}.") from error
    report.show_sent(sent, outputs.kafka_topic, output)
    if sent.errors:
        said = ", ".join(f"{count:,} x {code}" for code, count in sent.errors.items())
        raise NotAllAcknowledged(f"send: {sent.lines - sent.acknowledged:,} of {sent.lines:,} lines were not acknowledged: {said}.")
    return ExitCode.PASS


def _event(given: argparse.Namespace, output: Output) -> ExitCode:
    path = Path(given.run)
    if path.suffix != ".json":
        path = manifest.path_of(stack.load(given.outputs).directory, given.run)
    found = manifest.read(path)
    if not same_schema(found):
        output.notice("The schema is not the one that this run was made from: the payload may differ from what was sent.")
    plan = Plan.of_manifest(found)
    plan = plan if given.seed is None else replace(plan, seed=given.seed)
    document = schema.load()
    known = {one.name for one in assemble(document)}
    if unknown := [name for name, _ in plan.shares if name not in known]:
        raise UsageError(f"{path}: class {', '.join(unknown)} is not known to this checkout.", "Use the checkout that made the run.")
    report.show_event(Generator(plan, document, assemble(document)).event(given.worker, given.index), output)
    output.notice(_whereabouts(found, given.worker, given.index))
    return ExitCode.PASS


def _classes(_given: argparse.Namespace, output: Output) -> ExitCode:
    report.show_classes(assemble(schema.load()), output)
    return ExitCode.PASS


def _whereabouts(found: Manifest, worker: int, index: int) -> str:
    """What the manifest says became of an event."""
    for word, ranges in (("acknowledged", found.acknowledged), ("unconfirmed", found.unconfirmed)):
        if any(one.worker == worker and one.first <= index <= one.last for one in ranges):
            return f"The manifest ({found.state.value}) has it as {word}."
    return "It was not sent: the run was interrupted before." if found.state is not State.RUNNING else "The manifest does not have it."


def _connection(outputs: stack.StackOutputs) -> Connection:
    return Connection.of(outputs.kafka_bootstrap_brokers, outputs.kafka_auth, outputs.aws_region)


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}).") from None


def _events_in(seconds: float, rate: float | None) -> int:
    if rate is None:
        raise UsageError("load: --duration needs a --rate; max has none.", "Say --events N.")
    return max(1, round(seconds * rate))


def _errors(found: Manifest) -> str:
    said = ", ".join(f"{count:,} x {code}" for code, count in found.delivery_errors.items())
    return f"Given up on: {said or 'nothing was reported'}."


def _random_tag() -> str:
    letters = "0123456789abcdefghijklmnopqrstuvwxyz"
    return "".join(secrets.choice(letters) for _ in range(7))


def _microseconds(time: datetime) -> int:
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _whole(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        try:
            found = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
        if not least <= found <= most:
            raise argparse.ArgumentTypeError(f"{found} is not from {least} to {most:,}")
        return found

    return number


def _duration(text: str) -> float:
    unit = {"s": 1, "m": 60, "h": 3600}.get(text[-1:])
    found = _number(text if unit is None else text[:-1], "a duration such as 90, 90s, 10m or 1h")
    if not 0 < found * (unit or 1) <= 7 * 86_400:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most 7 days")
    return found * (unit or 1)


def _rate(text: str) -> float | None:
    if text == "max":
        return None
    found = _number(text, "a number of events per second, or max")
    if not 0.001 <= found <= 10_000_000:
        raise argparse.ArgumentTypeError(f"{text} is not from 0.001 to 10000000 events per second")
    return found


def _share(text: str) -> float:
    found = _number(text, "a share")
    if not 0 <= found <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to 1")
    return found


def _number(text: str, what: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
    return found


def _tag(text: str) -> str:
    if not TAG.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not 6 to 12 of 0-9 and a-z")
    return text


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no ISO 8601 time, such as 2026-11-24T23:59:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
