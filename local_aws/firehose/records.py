"""Records on their way, held as columns: a batch of one partition, and the outcome of its transformation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from local_aws.firehose.position import Ticket
from local_aws.firehose.prefixes import ErrorType


@dataclass(frozen=True)
class Batch:
    """Consecutive records of one Kafka partition, in offset order."""

    partition: int
    offsets: Sequence[int]
    arrivals: Sequence[int]
    """Kafka's record timestamps, milliseconds: the arrival of a record at an MSK source."""
    values: Sequence[bytes]
    """A record without a value is empty here: AWS documents nothing for tombstones."""
    ticket: Ticket

    @property
    def size(self) -> int:
        return sum(map(len, self.values))


@dataclass(frozen=True)
class Rejected:
    """One record on its way to the error output."""

    index: int
    """Its place in the batch."""
    error_type: ErrorType
    code: str
    message: str
    raw: bytes
    """What the failing stage received."""
    attempts: int = 1


@dataclass(frozen=True)
class Outcome:
    """What became of the records of one batch."""

    batch: Batch
    payloads: Sequence[bytes]
    """By place in the batch; of no meaning for a place in no group."""
    groups: dict[tuple[str, ...], list[int]] = field(default_factory=dict)
    """From the values of the partition keys, in the prefix's order, to the places of the records that carry them."""
    rejected: list[Rejected] = field(default_factory=list)
    dropped: int = 0
    ended_ms: int = 0
    """When the last attempt of the transformation ended."""
