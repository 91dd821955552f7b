"""From the outcome of a batch to buffers: good records by their partition keys, failed ones to the error output.

The order is Firehose's ("Configure destination settings"): transformation, partitioning, then conversion. So a record
with bad partition keys never reaches conversion, and one that fails conversion never reaches its partition.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from local_aws.firehose.buffers import Buffers, Closed, Slice
from local_aws.firehose.configuration import StreamConfiguration
from local_aws.firehose.errors_output import rejected_line
from local_aws.firehose.metrics import Metrics
from local_aws.firehose.prefixes import ErrorType
from local_aws.firehose.records import Outcome, Rejected

PARTITION_LIMIT = "DynamicPartitioning.ActivePartitionsLimitExceeded"


class Router:
    """Routes outcomes of one configuration of a stream. For one thread."""

    def __init__(self, configuration: StreamConfiguration, buffers: Buffers, metrics: Metrics) -> None:
        self._configuration = configuration
        self._buffers = buffers
        self._metrics = metrics

    def route(self, outcome: Outcome) -> Iterator[Closed]:
        """Put every record where it belongs; yield the buffers that this fills."""
        batch = outcome.batch
        rejected = list(outcome.rejected)
        for keys, places in outcome.groups.items():
            if self._buffers.admits(keys):
                yield from self._buffers.add(None, keys, self._slice(outcome, places))
            else:
                self._metrics.flag("PartitionCountExceeded", True)
                rejected += [self._over_limit(index, outcome.payloads[index]) for index in places]
        by_type: dict[ErrorType, list[Rejected]] = {}
        for one in rejected:
            by_type.setdefault(one.error_type, []).append(one)
        for error_type, failed in by_type.items():
            yield from self._buffers.add(error_type, (), self._error_slice(outcome, failed))
        batch.ticket.release()

    def _over_limit(self, index: int, payload: bytes) -> Rejected:
        limit = self._configuration.destination.partition_limit
        return Rejected(
            index, ErrorType.ACTIVE_PARTITION_EXCEEDED, PARTITION_LIMIT, f"The limit of {limit} active partitions was reached.", payload
        )

    def _slice(self, outcome: Outcome, places: Sequence[int]) -> Slice:
        batch, payloads = outcome.batch, outcome.payloads
        batch.ticket.hold()
        if len(places) == len(batch.offsets):
            return Slice(
                batch.partition, batch.offsets, batch.arrivals, payloads, sum(map(len, payloads)), sum(map(len, batch.values)), batch.ticket
            )
        kept = [payloads[place] for place in places]
        return Slice(
            batch.partition,
            [batch.offsets[place] for place in places],
            [batch.arrivals[place] for place in places],
            kept,
            sum(map(len, kept)),
            sum([len(batch.values[place]) for place in places]),
            batch.ticket,
        )

    def _error_slice(self, outcome: Outcome, failed: Sequence[Rejected]) -> Slice:
        batch = outcome.batch
        batch.ticket.hold()
        lines = [rejected_line(self._configuration, one, batch.arrivals[one.index], outcome.ended_ms) for one in failed]
        return Slice(
            batch.partition,
            [batch.offsets[one.index] for one in failed],
            [batch.arrivals[one.index] for one in failed],
            lines,
            sum(map(len, lines)),
            sum(len(batch.values[one.index]) for one in failed),
            batch.ticket,
        )
