"""Which of MSK's Kafka versions the local target stands in for, and with what notice.

MSK names versions like `3.9.x`, `3.9.x.kraft`, `3.6.0` and `2.8.1` (MSK developer guide, "Supported Apache Kafka
versions"). One version runs here; others of its major line are near enough to say so, the rest are refused.
"""

from __future__ import annotations

import re

from local_aws.kafka.errors import KafkaVersionRefused

_MSK_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+|x))?(?:\.(kraft|tiered))?")


def notice(asked: str, runs: str) -> str | None:
    """What to tell whoever asks for version `asked` where `runs` is what runs; None where it is the same line.

    Raises:
        KafkaVersionRefused: not a version as MSK names them, or of another major line.
    """
    found = _MSK_VERSION.fullmatch(asked.strip())
    line = ".".join(runs.split(".")[:2])
    if found is None:
        raise KafkaVersionRefused(
            f"Kafka version {asked!r} is none that MSK names.", f"Use {line}.x; the local target runs Apache Kafka {runs}."
        )
    if found.group(1) != runs.split(".", maxsplit=1)[0]:
        raise KafkaVersionRefused(
            f"Kafka version {asked} is not run locally; the brokers here are Apache Kafka {runs}.",
            "A major line differs in protocol and metadata, so what holds on one is no evidence about the other.",
            f"Use {line}.x.",
        )
    if f"{found.group(1)}.{found.group(2)}" == line:
        return None
    return f"The cluster asks for Kafka {asked}; the brokers here are Apache Kafka {runs}."
