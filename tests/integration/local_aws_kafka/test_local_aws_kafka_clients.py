"""Both Kafka clients against three brokers with IAM: produce, consume, administer; and what a probe says."""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka import TopicPartition as KafkaPythonPartition

from kafka_access import Auth, CertificateRefused, Connection, Found, TopicAbsent, check, confluent, environment_credentials, kafka_python

pytestmark = pytest.mark.integration
MESSAGES = [f"event {number}".encode() for number in range(300)]


class Confluent:
    def produce(self, connection, topic, credentials):
        producer = Producer(confluent.client_config(connection, credentials) | {"acks": "all", "linger.ms": 5})
        for message in MESSAGES:
            producer.produce(topic, message)
        assert producer.flush(20) == 0

    def consume(self, connection, topic, credentials):
        config = confluent.client_config(connection, credentials) | {"group.id": "none", "enable.auto.commit": False}
        consumer = Consumer(config)
        consumer.assign([TopicPartition(topic, number, 0) for number in range(3)])
        found, deadline = [], time.monotonic() + 20
        while len(found) < len(MESSAGES) and time.monotonic() < deadline:
            found += [message.value() for message in consumer.consume(100, 0.5) if message.error() is None]
        consumer.close()
        return found

    def topics(self, connection, credentials):
        return set(AdminClient(confluent.client_config(connection, credentials)).list_topics(timeout=10).topics)


class KafkaPython:
    def produce(self, connection, topic, credentials):
        producer = KafkaProducer(**kafka_python.client_config(connection, credentials), acks="all", linger_ms=5)
        for message in MESSAGES:
            producer.send(topic, message)
        producer.flush(timeout=20)
        producer.close()

    def consume(self, connection, topic, credentials):
        consumer = KafkaConsumer(**kafka_python.client_config(connection, credentials), auto_offset_reset="earliest")
        consumer.assign([KafkaPythonPartition(topic, number) for number in range(3)])
        found, deadline = [], time.monotonic() + 20
        while len(found) < len(MESSAGES) and time.monotonic() < deadline:
            found += [record.value for records in consumer.poll(timeout_ms=500).values() for record in records]
        consumer.close()
        return found

    def topics(self, connection, credentials):
        admin = KafkaAdminClient(**kafka_python.client_config(connection, credentials))
        try:
            return set(admin.list_topics())
        finally:
            admin.close()


@pytest.mark.parametrize("reader", [Confluent(), KafkaPython()], ids=["to confluent", "to kafka-python"])
@pytest.mark.parametrize("writer", [Confluent(), KafkaPython()], ids=["confluent", "kafka-python"])
def test_what_one_client_produces_either_client_consumes(connection, topic, root, writer, reader):
    writer.produce(connection, topic, lambda: root)
    assert sorted(reader.consume(connection, topic, lambda: root)) == sorted(MESSAGES)


@pytest.mark.parametrize("client", [Confluent(), KafkaPython()], ids=["confluent", "kafka-python"])
def test_either_client_administers(connection, topic, root, client):
    assert topic in client.topics(connection, lambda: root)


def produce_in_worker(connection, topic):
    Confluent().produce(connection, topic, environment_credentials())
    return len(MESSAGES)


def test_worker_processes_sign_tokens_with_the_environment_s_credentials(connection, topic, root, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", root.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", root.secret_key)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as workers:
        assert workers.submit(produce_in_worker, connection, topic).result(40) == len(MESSAGES)
    assert len(KafkaPython().consume(connection, topic, lambda: root)) == len(MESSAGES)


def test_a_probe_finds_brokers_and_partitions(connection, topic, root):
    assert check(connection, topic, credentials=lambda: root) == Found(brokers=3, partitions=3)
    assert check(connection, credentials=lambda: root) == Found(brokers=3, partitions=None)


def test_a_probe_names_the_topic_that_is_absent(connection, root):
    with pytest.raises(TopicAbsent, match=r"^kafka: there is no topic nowhere at 127\.0\.0\.1:"):
        check(connection, "nowhere", timeout=1, credentials=lambda: root)


def test_a_probe_creates_no_topic(connection, root, cluster):
    with pytest.raises(TopicAbsent):
        check(connection, "not-made", timeout=1, credentials=lambda: root)
    assert "not-made" not in {topic.name for topic in cluster.list_topics()}


def test_a_probe_says_when_the_authority_is_not_the_brokers(connection, root):
    with pytest.raises(CertificateRefused, match="is not signed by any authority that this system trusts"):
        check(Connection(connection.bootstrap, Auth.IAM, connection.region, None), credentials=lambda: root)
