"""The function that manages the topic, against MSK's topic API as botocore checks it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

SOURCE = Path(__file__).resolve().parents[3] / "terraform" / "modules" / "kafka" / "functions" / "topic" / "handler.py"
CLUSTER = "arn:aws:kafka:eu-west-1:123456789012:cluster/events/11111111-2222-3333-4444-555555555555-1"
CONFIGS = {"retention.ms": "86400000"}


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("topic_function_handler", SOURCE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


FUNCTION = _load()


@dataclass
class Clock:
    """A clock that sleeping moves."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)


@dataclass
class Msk:
    """MSK's answers in order, and the topics of one cluster that are managed against them."""

    stub: Stubber
    topics: Any
    clock: Clock

    def refuses(self, operation: str, code: str, **expected: Any) -> None:
        self.stub.add_client_error(
            operation, code, "no", expected_params={"ClusterArn": CLUSTER, "TopicName": "events", **expected} if expected else None
        )

    def answers(self, operation: str, answer: dict[str, Any], **expected: Any) -> None:
        self.stub.add_response(operation, answer, {"ClusterArn": CLUSTER, "TopicName": "events", **expected})

    def has(self, partitions: int = 6, *, copies: int = 3, configs: dict[str, str] | None = None, status: str = "ACTIVE") -> None:
        answer = {
            "PartitionCount": partitions,
            "ReplicationFactor": copies,
            "Configs": FUNCTION.encode(configs or CONFIGS),
            "Status": status,
        }
        self.answers("describe_topic", answer)

    def is_asked_to_create(self) -> None:
        self.answers("create_topic", {"Status": "CREATING"}, PartitionCount=6, ReplicationFactor=3, Configs=FUNCTION.encode(CONFIGS))


@pytest.fixture
def msk() -> Iterator[Msk]:
    client = boto3.client("kafka", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    clock = Clock()
    with Stubber(client) as stub:
        yield Msk(stub, FUNCTION.Topics(client, CLUSTER, deadline=290.0, clock=clock.read, sleep=clock.sleep), clock)
        stub.assert_no_pending_responses()


def wanted(partitions: int = 6, copies: int = 3, configs: dict[str, str] | None = None) -> Any:
    return FUNCTION.Topic("events", partitions, copies, configs or CONFIGS)


def test_a_new_topic_is_created_and_waited_for(msk: Msk) -> None:
    msk.refuses("describe_topic", "NotFoundException")
    msk.is_asked_to_create()
    msk.refuses("describe_topic", "NotFoundException")
    msk.has(status="CREATING")
    msk.has()
    assert msk.topics.ensure(wanted()) == wanted()
    assert msk.clock.slept == [3.0, 3.0]


def test_a_topic_that_fits_is_adopted_without_a_change(msk: Msk) -> None:
    msk.has(configs={**CONFIGS, "cleanup.policy": "delete"})
    msk.has()
    assert msk.topics.ensure(wanted()).partitions == 6


def test_a_topic_that_a_stale_read_did_not_show_is_adopted(msk: Msk) -> None:
    msk.refuses("describe_topic", "NotFoundException")
    msk.refuses("create_topic", "TopicExistsException")
    msk.refuses("describe_topic", "NotFoundException")
    msk.has()
    msk.has()
    msk.topics.ensure(wanted())


def test_settings_and_partitions_change_in_two_calls(msk: Msk) -> None:
    msk.has(configs={"retention.ms": "1"})
    msk.answers("update_topic", {"Status": "UPDATING"}, Configs=FUNCTION.encode(CONFIGS))
    msk.answers("update_topic", {"Status": "UPDATING"}, PartitionCount=9)
    msk.has(9)
    assert msk.topics.ensure(wanted(9)).partitions == 9


def test_a_growth_is_waited_for_until_reads_show_it(msk: Msk) -> None:
    msk.has()
    msk.answers("update_topic", {"Status": "UPDATING"}, PartitionCount=9)
    msk.has(6)
    msk.has(9)
    assert msk.topics.ensure(wanted(9)).partitions == 9
    assert msk.clock.slept == [3.0]


def test_fewer_partitions_are_refused_in_plain_words(msk: Msk) -> None:
    msk.has(12)
    with pytest.raises(FUNCTION.TopicRefused, match=r"has 12 partitions; 6 are asked for.*Set topic_partitions to 12 or more"):
        msk.topics.ensure(wanted())


def test_other_copies_are_refused_in_plain_words(msk: Msk) -> None:
    msk.has(copies=2)
    with pytest.raises(FUNCTION.TopicRefused, match="replication factor 2, not 3"):
        msk.topics.ensure(wanted())


def test_a_policy_that_has_not_spread_yet_is_waited_for(msk: Msk) -> None:
    msk.refuses("describe_topic", "ForbiddenException")
    msk.refuses("describe_topic", "UnauthorizedException")
    msk.has()
    msk.has()
    msk.topics.ensure(wanted())


def test_a_right_that_is_missing_for_good_is_not_waited_for_without_end(msk: Msk) -> None:
    for _ in range(16):
        msk.refuses("describe_topic", "ForbiddenException")
    with pytest.raises(FUNCTION.ClientError, match="ForbiddenException"):
        msk.topics.ensure(wanted())
    assert msk.clock.now == 45.0


def test_a_busy_cluster_is_asked_again(msk: Msk) -> None:
    msk.has(configs={"retention.ms": "1"})
    msk.refuses("update_topic", "ConflictException")
    msk.answers("update_topic", {"Status": "UPDATING"}, Configs=FUNCTION.encode(CONFIGS))
    msk.has()
    msk.topics.ensure(wanted())


def test_waiting_ends_before_the_function_times_out(msk: Msk) -> None:
    msk.topics.deadline = 10.0
    for _ in range(3):
        msk.has(status="CREATING")
    msk.has(status="CREATING")
    with pytest.raises(FUNCTION.TopicRefused, match="Gave up waiting: topic events is CREATING"):
        msk.topics.ensure(wanted())
    assert msk.clock.now < 10.0


def test_a_topic_is_deleted(msk: Msk) -> None:
    msk.answers("delete_topic", {"Status": "DELETING"})
    msk.topics.remove("events")


@pytest.mark.parametrize("code", ["NotFoundException", "UnknownTopicOrPartitionException"])
def test_a_topic_that_is_gone_counts_as_deleted(msk: Msk, code: str) -> None:
    msk.refuses("delete_topic", code)
    msk.topics.remove("events")


def test_settings_travel_as_base64_of_a_json_map() -> None:
    assert FUNCTION.encode({"a": "1"}) == "eyJhIjogIjEifQ=="
    assert FUNCTION.decode("eyJhIjogIjEifQ==") == {"a": "1"}
    assert FUNCTION.decode(None) == {}


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 300_000


EVENT = {"cluster_arn": CLUSTER, "topic": "events", "partitions": 6, "replication_factor": 3, "configs": CONFIGS}


def _handle(msk: Msk, monkeypatch: pytest.MonkeyPatch, action: str) -> dict[str, Any]:
    monkeypatch.setattr(FUNCTION, "_client", lambda _arn: msk.topics.client)
    result: dict[str, Any] = FUNCTION.handler({**EVENT, "tf": {"action": action, "prev_input": None}}, Context())
    return result


def test_the_result_repeats_what_was_asked_so_that_terraform_can_compare(msk: Msk, monkeypatch: pytest.MonkeyPatch) -> None:
    msk.has()
    msk.has()
    assert _handle(msk, monkeypatch, "create") == {"status": "ACTIVE", "partitions": 6, "asked": EVENT}


def test_a_destroy_deletes_the_topic(msk: Msk, monkeypatch: pytest.MonkeyPatch) -> None:
    msk.answers("delete_topic", {"Status": "DELETING"})
    assert _handle(msk, monkeypatch, "delete")["status"] == "DELETED"


def test_what_msk_refuses_is_told_with_action_topic_and_cluster(msk: Msk, monkeypatch: pytest.MonkeyPatch) -> None:
    msk.refuses("describe_topic", "BadRequestException")
    with pytest.raises(FUNCTION.TopicRefused, match=rf"MSK refused to update topic events of {CLUSTER}.*BadRequestException"):
        _handle(msk, monkeypatch, "update")


def test_an_old_boto3_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FUNCTION.boto3, "client", lambda *_arguments, **_settings: object())
    with pytest.raises(FUNCTION.TopicRefused, match=r"boto3 [\d.]+ of this Lambda runtime does not know MSK's CreateTopic"):
        FUNCTION._client(CLUSTER)
