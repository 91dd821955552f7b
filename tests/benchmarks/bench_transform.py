"""How long the transform takes for a record, against the plain way to write it; run as

    python -m tests.benchmarks.bench_transform [--records 5600] [--rounds 15] [--output json]

Both handlers take Firehose's event as a dict and give the answer as a dict, for one batch of about 1 MB of events. They
take turns, in an order that is drawn anew for every round, and the figure is the median of their CPU times: the
machine's mood changes, the ratio hardly does. The plain way does less (it checks no types, no window and no depth, and
one bad record can fail its batch), so the ratio is a lower bound of what the same checks would cost there.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import schema
from console import CommandLineParser, ExitCode, Output, add_common_options, run
from transform.events import Transform
from transform.handler import Handler
from transform.window import AcceptedWindow

Function = Callable[[dict[str, Any], None], dict[str, Any]]
ARRIVAL_MS = 1_795_514_400_000


def plain(event: dict[str, Any], _context: None) -> dict[str, Any]:
    """The handler as one would first write it, with the standard library."""
    answers = []
    for record in event["records"]:
        try:
            source = json.loads(base64.b64decode(record["kafkaRecordValue"]))
            instant = datetime.fromisoformat(source["timestamp"])
            instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
            user = source.get("user_identifiers") or {}
            product = source.get("product_information") or {}
            row = {
                "event_datetime": instant.isoformat().replace("+00:00", "Z"),
                "event_date": instant.date().isoformat(),
                "event_name": source.get("event_name"),
                "user_id": user.get("id"),
                "platform": user.get("platform"),
                "product_name": product.get("name"),
                "SKU": product.get("SKU"),
            }
            answers.append(
                {
                    "recordId": record["recordId"],
                    "result": "Ok",
                    "kafkaRecordValue": base64.b64encode(json.dumps(row, separators=(",", ":")).encode()).decode(),
                    "metadata": {"partitionKeys": {"event_date": row["event_date"]}},
                }
            )
        except (ValueError, KeyError, TypeError):
            answers.append(
                {"recordId": record["recordId"], "result": "ProcessingFailed", "kafkaRecordValue": record.get("kafkaRecordValue")}
            )
    return {"records": answers}


def batch(records: int, seed: int) -> dict[str, Any]:
    """One Firehose event of ordinary user events."""
    draw = random.Random(seed)
    return {"invocationId": "bench", "deliveryStreamArn": "arn:bench", "records": [_record(number, draw) for number in range(records)]}


def _record(number: int, draw: random.Random) -> dict[str, Any]:
    event = {
        "timestamp": f"2026-11-24T{draw.randrange(10):02d}:{draw.randrange(60):02d}:{draw.randrange(60):02d}.{draw.randrange(1000):03d}Z",
        "event_name": draw.choice(("view", "click", "purchase", "add_to_cart")),
        "user_identifiers": {"platform": draw.choice(("web", "ios", "android")), "id": f"user_{draw.randrange(100_000)}"},
        "product_information": {"name": draw.choice(("Wireless Mouse", "Mechanical Keyboard")), "SKU": f"SKU-{draw.randrange(1000, 9999)}"},
    }
    return {
        "recordId": f"{number:056d}",
        "approximateArrivalTimestamp": ARRIVAL_MS,
        "mskRecordMetadata": {"offset": str(number), "partitionId": "1", "approximateArrivalTimestamp": ARRIVAL_MS},
        "kafkaRecordValue": base64.b64encode(json.dumps(event, separators=(",", ":")).encode()).decode(),
    }


def measure(functions: dict[str, Function], event: dict[str, Any], rounds: int, seed: int) -> dict[str, float]:
    """Median CPU microseconds a record, by function."""
    draw = random.Random(seed)
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for turn in range(rounds + 1):
        for name in draw.sample(sorted(functions), len(functions)):
            began = time.process_time()
            functions[name](event, None)
            if turn:  # the first turn warms up
                seconds[name].append(time.process_time() - began)
    return {name: statistics.median(taken) / len(event["records"]) * 1e6 for name, taken in seconds.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    parser = CommandLineParser(prog="python -m tests.benchmarks.bench_transform", description="Time the transform's handler.")
    parser.add_argument("--records", type=int, default=5600, help="records in the batch (default: 5600, about 1 MB)")
    parser.add_argument("--rounds", type=int, default=15, help="turns of each handler (default: 15)")
    parser.add_argument("--seed", type=int, default=1)
    add_common_options(parser)
    return run(parser, _bench, arguments)


def _bench(arguments: argparse.Namespace, output: Output) -> ExitCode:
    transform = Transform(schema.load(), AcceptedWindow())
    ours = Handler(transform, "bench", lambda _line: None, lambda: ARRIVAL_MS)
    event = batch(arguments.records, arguments.seed)
    taken = measure({"transform": ours, "plain": plain}, event, arguments.rounds, arguments.seed)
    rows = [[name, round(microseconds, 2), round(taken["plain"] / microseconds, 2)] for name, microseconds in taken.items()]
    output.table(
        "bench_transform", ["handler", "us_per_record", "times_plain"], rows, title=f"CPU time, {arguments.records} records a batch"
    )
    return ExitCode.PASS


if __name__ == "__main__":
    sys.exit(main())
