"""The loop itself: a change of the configuration, a stop, and what it says of itself, without a network."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from firehose_loop_stage import LoopStage
from firehose_samples import configuration

from local_aws.firehose.batching import Batcher
from local_aws.firehose.errors import NotYet, Suspended
from local_aws.firehose.metrics import Metrics
from local_aws.firehose.position import Position
from local_aws.firehose.source import Topic


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[LoopStage]:
    """A stream with a function and partitions, delivered as it is."""
    made = LoopStage(tmp_path, configuration(DataFormatConversionConfiguration=None))
    yield made
    made.stopping.set()
    made.access.s3.may_put.set()


def test_partitions_of_the_configuration_before_are_active_until_they_are_delivered_and_no_longer(stage: LoopStage) -> None:
    stage.access.s3.may_put.clear()
    stage.receive(b"a", b"b")
    stage.turn_until(lambda: stage.status["held_bytes"] == 2)
    stage.loop._change_to(replace(stage.loop._pipeline.configuration, version_id="2"))
    buffers = stage.loop._pipeline.buffers
    assert (stage.status["version_id"], len(stage.loop._deliverer), buffers.active_partitions) == ("2", 2, 2)
    stage.access.s3.may_put.set()
    stage.turn_until(lambda: not len(stage.loop._deliverer))
    assert (buffers.active_partitions, dict(buffers.delivering)) == (0, {})
    assert stage.file.read() is not None


def test_while_lambda_is_away_the_status_says_so_and_then_no_more(stage: LoopStage) -> None:
    stage.access.function.is_away = True
    stage.receive(b"a")
    stage.turn_until(lambda: stage.status["held_bytes"] == 1)
    stage.clock.advance(60)
    stage.turn_until(lambda: "Lambda does not answer" in (stage.status["problem"] or ""))
    stage.access.function.is_away = False
    stage.turn_until(lambda: stage.clock.advance(1) or stage.status["problem"] is None)
    stage.turn_until(lambda: stage.status["open_buffers"] == 1)


def test_a_delivery_that_fails_is_told_while_another_succeeds(stage: LoopStage) -> None:
    refused = ClientError({"Error": {"Code": "NoSuchBucket", "Message": "no"}}, "PutObject")
    stage.access.s3.failures["data/day=a/"] = refused
    stage.close(b"a", b"b")
    stage.turn_until(lambda: stage.access.s3.keys and stage.status["delivering"] == 1)
    assert "S3.NoSuchBucket" in stage.status["problem"]
    del stage.access.s3.failures["data/day=a/"]
    stage.turn_until(lambda: stage.clock.advance(60) or stage.status["delivering"] == 0)
    assert stage.status["problem"] is None


def test_while_kafka_is_away_the_status_says_so_and_then_no_more(stage: LoopStage) -> None:
    stage.source.topic = NotYet("kafka: no broker answers.")
    stage.loop._watch._look()
    assert "no broker answers" in stage.status["problem"]
    stage.source.topic = Topic("topic", 1)
    stage.loop._watch._look()
    assert "no broker answers" not in stage.status["problem"]  # the control plane, which is not there, is


@pytest.mark.parametrize("strange", [None, Topic("other", 1)])
def test_one_answer_that_the_topic_is_gone_suspends_nothing_and_two_in_a_row_do(stage: LoopStage, strange: Topic | None) -> None:
    for between in (Topic("topic", 1), NotYet("kafka: no broker answers.")):
        stage.source.topic = strange
        stage.loop._watch._look()
        stage.source.topic = between
        stage.loop._watch._look()
    stage.source.topic = strange
    stage.loop._watch._look()
    with pytest.raises(Suspended):
        stage.loop._watch._look()


def test_a_stop_commits_what_was_delivered_although_another_delivery_was_stopped(stage: LoopStage) -> None:
    stage.access.s3.failures["data/day=b/"] = ClientError({"Error": {"Code": "NoSuchBucket", "Message": "no"}}, "PutObject")
    stage.loop._watch.start()
    stage.close(b"a")
    stage.close(b"b")
    stage.stopping.set()
    stage.await_deliveries()
    stage.loop._stop()
    assert stage.file.read() == Position("topic", {0: 1})
    assert stage.loop._watch._stopping.is_set()


def test_a_failure_during_the_stop_hides_neither_the_position_nor_the_reason(stage: LoopStage, caplog: pytest.LogCaptureFixture) -> None:
    stage.access.s3.failures["data/day=b/"] = ValueError("second")
    stage.loop._watch.start()
    stage.close(b"a")
    stage.turn_until(lambda: stage.status["delivering"] == 0)
    stage.close(b"b")
    stage.await_deliveries()
    stage.loop._stop()
    assert stage.file.read() == Position("topic", {0: 1})
    assert "its records will be read again" in caplog.text
    assert stage.loop._watch._stopping.is_set()


def test_the_watch_sends_levels_and_looks_at_nothing_that_the_loop_changes(stage: LoopStage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.receive(b"a")
    stage.turn_until(lambda: stage.status["held_bytes"] == 1)
    stage.clock.advance(7)
    assert stage.status["freshness_seconds"] == 7
    thread = threading.current_thread()

    def oldest(_self: object) -> int | None:
        assert threading.current_thread() is thread
        return None

    monkeypatch.setattr(Batcher, "oldest_ms", oldest)
    sent = threading.Thread(target=stage.loop._watch._send_metrics)
    taken: list[Any] = []
    monkeypatch.setattr(Metrics, "take", lambda self, _stream: taken.append(dict(self._levels)) or [])
    sent.start()
    sent.join(10)
    assert taken[0]["DeliveryToS3.DataFreshness"] == 7
    assert taken[0]["PartitionCount"] == 0
