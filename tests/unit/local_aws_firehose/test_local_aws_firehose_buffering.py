"""Hints: Lambda batches per partition, buffers per prefix, the limit of active partitions; all on a stepped clock."""

from __future__ import annotations

import pytest
from firehose_samples import batch, configuration, plain_configuration

from local_aws.clock import ScaledClock, SteppedClock, from_environment
from local_aws.firehose.batching import REQUEST_LIMIT, Batcher, request_bytes
from local_aws.firehose.buffers import Buffers, Closed, ClosedBy, Slice
from local_aws.firehose.configuration import StreamConfiguration
from local_aws.firehose.conversion_settings import MIB
from local_aws.firehose.position import Watermarks
from local_aws.firehose.prefixes import ErrorType
from local_aws.firehose.records import Batch


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


class Batches:
    """A batcher, and the batches that it closed."""

    def __init__(self, clock: SteppedClock, size: int = MIB, interval: float = 60) -> None:
        self.batcher = Batcher(clock, Watermarks({0: 0, 1: 0}), size, interval)
        self._next = {0: 0, 1: 0}
        self.closed: list[Batch] = []

    def add(self, *values: bytes, partition: int = 0) -> None:
        first = self._next[partition]
        self._next[partition] += len(values)
        offsets = list(range(first, first + len(values)))
        self.closed += self.batcher.add(partition, offsets, [1000 + offset for offset in offsets], list(values))

    def due(self) -> None:
        self.closed += self.batcher.due()


def test_a_batch_closes_when_its_values_reach_the_size_hint(clock: SteppedClock) -> None:
    batches = Batches(clock, size=10)
    batches.add(b"12345", b"678")
    assert batches.closed == []
    batches.add(b"90")
    assert [one.values for one in batches.closed] == [[b"12345", b"678", b"90"]]


def test_a_batch_closes_when_its_first_record_is_as_old_as_the_interval_hint(clock: SteppedClock) -> None:
    batches = Batches(clock)
    batches.add(b"a")
    clock.advance(59)
    batches.add(b"b")
    batches.due()
    assert batches.closed == []
    clock.advance(1)
    batches.due()
    assert [one.offsets for one in batches.closed] == [[0, 1]]


def test_each_partition_has_batches_of_its_own(clock: SteppedClock) -> None:
    batches = Batches(clock, size=2)
    batches.add(b"a")
    batches.add(b"b", partition=1)
    assert batches.closed == []
    batches.add(b"c")
    assert [(one.partition, one.offsets) for one in batches.closed] == [(0, [0, 1])]


def test_a_long_read_is_cut_into_batches_of_the_size_hint(clock: SteppedClock) -> None:
    batches = Batches(clock, size=100)
    batches.add(*[b"x" * 10] * 35)
    batches.closed += batches.batcher.due(everything=True)
    assert [len(one.values) for one in batches.closed] == [10, 10, 10, 5]
    assert [one.offsets[0] for one in batches.closed] == [0, 10, 20, 30]
    assert batches.batcher.held_bytes == 0


def test_a_batch_of_small_records_closes_before_its_request_passes_6_mb(clock: SteppedClock) -> None:
    batches = Batches(clock, size=3 * MIB)
    batches.add(*[b"x" * 20] * 30_000)
    assert batches.closed
    assert all(sum(request_bytes(len(value)) for value in one.values) < REQUEST_LIMIT for one in batches.closed)


def test_a_record_that_fills_a_request_alone_is_a_batch_of_its_own(clock: SteppedClock) -> None:
    batches = Batches(clock, size=3 * MIB)
    batches.add(b"a", b"x" * 5 * MIB, b"b")
    batches.closed += batches.batcher.due(everything=True)
    assert [len(one.values) for one in batches.closed] == [1, 1, 1]


def slice_of(made: Batch) -> Slice:
    return Slice(made.partition, made.offsets, made.arrivals, made.values, made.size, made.size, made.ticket)


class Stream:
    """Buffers of one stream, and what they closed."""

    def __init__(self, clock: SteppedClock, configured: StreamConfiguration | None = None) -> None:
        self.buffers = Buffers(clock, configured or configuration())
        self.closed: list[Closed] = []

    def receive(self, *values: bytes, day: str = "2026-11-24", error: ErrorType | None = None) -> None:
        keys = (day,) if error is None else ()
        self.closed += self.buffers.add(error, keys, slice_of(batch(*values)))

    def pass_time(self) -> list[Closed]:
        self.closed += self.buffers.due()
        return self.closed


def test_a_buffer_closes_when_its_oldest_record_reaches_the_interval(clock: SteppedClock) -> None:
    stream = Stream(clock)
    stream.receive(b"a")
    clock.advance(299)
    stream.receive(b"b")
    assert stream.pass_time() == []
    clock.advance(1)
    assert [(one.closed_by, one.records) for one in stream.pass_time()] == [(ClosedBy.INTERVAL, 2)]


def test_a_buffer_closes_when_it_reaches_the_size(clock: SteppedClock) -> None:
    stream = Stream(clock, plain_configuration(BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 900}))
    stream.receive(b"x" * (MIB - 1))
    assert stream.closed == []
    stream.receive(b"x")
    assert [(one.closed_by, one.size) for one in stream.closed] == [(ClosedBy.SIZE, MIB)]


def test_each_partition_of_the_prefix_and_each_error_type_has_a_buffer_of_its_own(clock: SteppedClock) -> None:
    stream = Stream(clock)
    stream.receive(b"a", day="1")
    stream.receive(b"b", day="2")
    stream.receive(b"c", error=ErrorType.PROCESSING_FAILED)
    stream.receive(b"d", error=ErrorType.METADATA_EXTRACTION_FAILED)
    stream.receive(b"e", day="1")
    clock.advance(300)
    assert sorted((one.keys, one.records) for one in stream.pass_time()) == [((), 1), ((), 1), (("1",), 2), (("2",), 1)]


def test_the_oldest_record_of_a_buffer_is_the_one_that_arrived_first_of_all(clock: SteppedClock) -> None:
    stream = Stream(clock)
    late = batch(b"b")
    stream.closed += stream.buffers.add(None, ("1",), Slice(0, [5], [9000], [b"a"], 1, 1, late.ticket))
    stream.closed += stream.buffers.add(None, ("1",), Slice(1, [7], [4000], [b"b"], 1, 1, late.ticket))
    clock.advance(300)
    assert stream.pass_time()[0].oldest_ms == 4000


def test_partitions_beyond_the_limit_are_not_admitted_until_one_is_delivered(clock: SteppedClock) -> None:
    stream = Stream(clock)
    for day in range(500):
        assert stream.buffers.admits((str(day),))
        stream.receive(b"a", day=str(day))
    assert not stream.buffers.admits(("new",))
    assert stream.buffers.admits(("7",))
    clock.advance(300)
    closed = stream.pass_time()
    assert not stream.buffers.admits(("new",))  # closed is not delivered
    stream.buffers.delivered(closed[0])
    assert stream.buffers.admits(("new",))
    assert stream.buffers.active_partitions == 499


def test_held_bytes_are_those_of_open_buffers(clock: SteppedClock) -> None:
    stream = Stream(clock)
    stream.receive(b"abc", day="1")
    stream.receive(b"de", day="2")
    assert stream.buffers.held_bytes == 5
    (largest,) = stream.buffers.close_largest(ClosedBy.MEMORY)
    assert (largest.keys, stream.buffers.held_bytes) == (("1",), 2)


def test_a_scaled_clock_runs_as_many_times_faster_as_it_is_told() -> None:
    fast = from_environment({"LOCAL_AWS_CLOCK_SPEED": "1000"})
    before = fast.now()
    while fast.now() == before:
        pass
    assert fast.speed == 1000


@pytest.mark.parametrize("text", ["0", "-1", "fast", "inf", "nan"])
def test_a_clock_speed_that_is_no_number_above_0_is_refused(text: str) -> None:
    from console import UsageError

    with pytest.raises(UsageError):
        from_environment({"LOCAL_AWS_CLOCK_SPEED": text})


def test_a_clock_is_real_time_where_nothing_is_said() -> None:
    assert from_environment({}).speed == 1
    assert isinstance(from_environment({}), ScaledClock)
