"""What happens to records when a part dies or refuses: nothing is lost, and surplus copies are counted exactly."""

from __future__ import annotations

import gzip
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable

import pytest
from firehose_stage import Key, Stream, ok, partitioned, per_record, plain

from console import ExitCode
from local_aws.firehose.supervisor import DataPlaneSupervisor
from local_aws.home import Home

pytestmark = pytest.mark.integration

MakeStream = Callable[..., Stream]


def test_kill_9_in_the_middle_of_a_load_loses_nothing_and_counts_every_surplus_copy(make_stream: MakeStream) -> None:
    stream = make_stream("killed", partitioned("killed"), partitions=2)
    stream.aws.function = per_record(lambda value: ok(value, region=json.loads(value)["region"]))
    stream.aws.put_seconds = 0.5
    count = 0
    for _ in range(2):
        for _ in range(6):
            values = [json.dumps({"id": count + index, "region": f"r{(count + index) % 3}"}).encode() for index in range(400)]
            count += 400
            stream.send(*values, partition=count // 400 % 2)
            time.sleep(0.1)
        stream.until(lambda: stream.aws.unanswered_puts)  # in S3, and nobody who sent it knows
        _signal(stream, signal.SIGKILL)
    stream.until(lambda: len({row["id"] for row in stream.rows()}) == count, seconds=40)
    stream.until(lambda: sum(stream.status()["positions"].values()) == count)
    copies = Counter(row["id"] for row in stream.rows())
    assert sorted(copies) == list(range(count))
    assert stream.status()["redelivered_records"] == copies.total() - len(copies)
    assert stream.status()["redelivered_records"] > 0
    assert stream.supervisor.state("killed").restarts == 2


def _signal(stream: Stream, number: signal.Signals) -> None:
    pid = stream.until(lambda: stream.supervisor.state(stream.name).pid)
    assert pid > 1
    os.kill(pid, number)


def test_while_s3_refuses_nothing_is_lost_and_delivery_goes_on_when_it_takes_again(make_stream: MakeStream) -> None:
    logged = {"Enabled": True, "LogGroupName": "firehose", "LogStreamName": "errors"}
    processing = {"Enabled": True, "Processors": [{"Type": "AppendDelimiterToRecord", "Parameters": []}]}
    destination = plain("refused", CloudWatchLoggingOptions=logged, ProcessingConfiguration=processing, CompressionFormat="GZIP")
    stream = make_stream("refused", destination)
    stream.aws.refuse_puts.set()
    stream.send(b"one", None, b"two")
    stream.until(lambda: "S3.AccessDenied" in (stream.status().get("problem") or ""))
    assert stream.status()["positions"] == {"0": 0}
    stream.until(lambda: ("refused", "S3.AccessDenied") in _logged(stream))
    stream.aws.refuse_puts.clear()
    stream.until(stream.objects)
    ((key, body),) = stream.objects().items()
    assert gzip.decompress(body) == b"one\n\ntwo\n"
    assert key.endswith(".gz")
    stream.until(lambda: stream.status()["positions"] == {"0": 3})
    assert [line["key"] for line in stream.ledger() if line["event"] == "intent"] == [key]


def test_reading_stops_at_the_limit_of_held_bytes_and_goes_on_when_s3_takes_again(
    make_stream: MakeStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_AWS_FIREHOSE_HELD_MIB", "2")
    stream = make_stream("held", plain("held"))
    stream.aws.refuse_puts.set()
    stream.send(*([b"x" * 500_000] * 40))
    stream.until(lambda: stream.status().get("held_up"))
    assert stream.status()["held_bytes"] < 12 * 1024 * 1024
    assert stream.status()["lag"] > 0
    stream.aws.refuse_puts.clear()
    stream.until(lambda: stream.status()["positions"] == {"0": 40})
    assert sum(map(len, stream.objects().values())) == 40 * 500_000


def _logged(stream: Stream) -> set[tuple[str, str]]:
    """Stream and code of every line of the error log."""
    found = stream.aws.client("logs").get_log_events(logGroupName="firehose", logStreamName="errors", limit=1000)["events"]
    lines = [json.loads(event["message"]) for event in found]
    return {(line["deliveryStreamARN"].rpartition("/")[2], line["errorCode"]) for line in lines}


def test_a_stopped_process_leaves_its_open_buffers_to_be_read_again(make_stream: MakeStream) -> None:
    stream = make_stream("stopped", plain("stopped", BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 300}))
    stream.send(b"kept")
    stream.until(lambda: stream.status().get("open_buffers") == 1)
    _signal(stream, signal.SIGTERM)
    stream.until(lambda: stream.supervisor.state("stopped").restarts == 1)
    stream.until(lambda: list(stream.objects().values()) == [b"kept"])
    assert stream.status()["redelivered_records"] == 0


def test_a_stream_without_its_topic_fails_to_be_created(make_stream: MakeStream) -> None:
    stream = make_stream("absent", plain("absent"), topic=False)
    state = stream.supervisor.state("absent")
    assert state.status.value == "CREATING_FAILED"
    assert state.failure == ("UNKNOWN_ERROR", "There is no topic absent.")
    stream.until(lambda: stream.supervisor.state("absent").pid is None)


def test_a_topic_that_is_created_again_suspends_the_stream(make_stream: MakeStream) -> None:
    stream = make_stream("again", plain("again"))
    stream.cluster.delete_topic("again")
    stream.until(lambda: stream.supervisor.state("again").status.value == "SUSPENDED")
    assert stream.supervisor.state("again").failure is not None


def test_a_data_plane_that_keeps_failing_tells_how_it_ended_and_leaves_a_traceback(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_AWS_FIREHOSE_HELD_MIB", "none")
    supervisor = DataPlaneSupervisor(home, "http://127.0.0.1:9", "us-east-1", "token", clock_speed=1)
    supervisor.start("failing", Key("AKIA", "secret"))
    try:
        deadline = time.monotonic() + 60
        while not supervisor.state("failing").restarts:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert supervisor.state("failing").last_exit == f"ended with exit code {ExitCode.USAGE.value}"
    finally:
        supervisor.stop("failing")
    assert "Traceback" in (home.logs / "firehose-failing.log").read_text(encoding="utf-8")
