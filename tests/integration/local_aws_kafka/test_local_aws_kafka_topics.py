"""Topics, as MSK's topic operations create, describe, list, update and delete them."""

import pytest

from local_aws.kafka.errors import InvalidTopicConfig, NoSuchTopic, TopicExists

pytestmark = pytest.mark.integration


def test_a_topic_is_there_when_create_returns(cluster):
    created = cluster.create_topic("made", 6, 3, {"retention.ms": "86400000", "message.timestamp.type": "LogAppendTime"})
    found = cluster.describe_topic("made")
    assert (found.partitions, found.replication_factor) == (6, 3)
    assert found.configs == {"retention.ms": "86400000", "message.timestamp.type": "LogAppendTime"}
    assert found.topic_id == created.topic_id
    assert all(one.leader in one.in_sync and sorted(one.replicas) == [1, 2, 3] for one in found.partition_details)
    cluster.delete_topic("made")


def test_a_topic_is_gone_when_delete_returns(cluster):
    cluster.create_topic("short-lived", 1, 1)
    cluster.delete_topic("short-lived")
    with pytest.raises(NoSuchTopic, match="There is no topic short-lived"):
        cluster.describe_topic("short-lived")


def test_a_topic_made_again_is_another_topic(cluster):
    first = cluster.create_topic("again", 1, 3)
    cluster.delete_topic("again")
    second = cluster.create_topic("again", 1, 3)
    assert first.topic_id != second.topic_id
    cluster.delete_topic("again")


def test_kafka_s_own_topics_are_not_listed(cluster, topic):
    assert [one.name for one in cluster.list_topics() if one.name.startswith("__")] == []
    assert topic in [one.name for one in cluster.list_topics()]


def test_configuration_that_an_update_does_not_name_stays(cluster):
    cluster.create_topic("kept", 1, 3, {"retention.ms": "1000", "cleanup.policy": "delete"})
    assert cluster.update_topic("kept", configs={"retention.ms": "2000"}).configs == {"retention.ms": "2000", "cleanup.policy": "delete"}
    cluster.delete_topic("kept")


def test_partitions_are_added_with_their_leaders(cluster, topic):
    grown = cluster.update_topic(topic, partitions=5)
    assert grown.partitions == 5 and all(one.leader for one in grown.partition_details)


def test_partitions_are_never_removed(cluster, topic):
    with pytest.raises(InvalidTopicConfig, match=r"has 3 partitions; they can be added, never removed \(asked: 2\)"):
        cluster.update_topic(topic, partitions=2)


def test_a_name_can_be_taken_once(cluster, topic):
    with pytest.raises(TopicExists, match=topic):
        cluster.create_topic(topic, 3, 3)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (("bad/name", 1, 3, {}), "Topic name is invalid"),
        (("x" * 250, 1, 3, {}), "Topic name is invalid|too long|longer"),
        (("copies", 1, 4, {}), "only 3 broker"),
        (("none", 0, 3, {}), "both must be 1 or more"),
        (("none", 1, -1, {}), "both must be 1 or more"),
        (("config", 1, 3, {"no.such.config": "1"}), "no.such.config"),
        (("config", 1, 3, {"retention.ms": "soon"}), "retention.ms"),
    ],
)
def test_a_topic_that_kafka_would_not_make_is_refused_with_the_reason(cluster, asked, reason):
    with pytest.raises(InvalidTopicConfig) as refused:
        cluster.create_topic(*asked)
    assert any(part in str(refused.value) for part in reason.split("|")), refused.value


def test_a_bad_update_is_refused_with_the_reason(cluster, topic):
    with pytest.raises(InvalidTopicConfig, match=r"retention\.ms"):
        cluster.update_topic(topic, configs={"retention.ms": "soon"})


@pytest.mark.parametrize("change", ["describe_topic", "update_topic", "delete_topic"])
def test_an_absent_topic_is_named(cluster, change):
    with pytest.raises(NoSuchTopic, match="There is no topic absent"):
        getattr(cluster, change)("absent")
