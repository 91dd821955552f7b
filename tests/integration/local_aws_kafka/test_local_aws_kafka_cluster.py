"""A cluster's life: other ways to declare one, what is refused, brokers that die, the build."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from conftest import PASSWORD, REGION

from kafka_access import Auth, Connection, check, confluent
from local_aws import processes
from local_aws.home import CHECKOUT, Home
from local_aws.kafka import cluster as cluster_module
from local_aws.kafka import jars, ports
from local_aws.kafka.cluster import Authentication, KafkaCluster
from local_aws.kafka.errors import AuthenticationRefused, BrokerPropertyRefused, KafkaDidNotStart, KafkaVersionRefused

pytestmark = pytest.mark.integration


def start(home, control_plane, **changes):
    asked = {
        "name": "small",
        "brokers": 1,
        "kafka_version": "3.9.x",
        "authentication": frozenset({Authentication.NONE}),
        "configuration": {},
        "secret_url": control_plane.url,
        "token": PASSWORD,
        "region": REGION,
    }
    return KafkaCluster.start(home, **(asked | changes))


def test_a_cluster_of_one_broker_with_both_listeners_on_other_ports_than_it_first_chose(control_plane, tmp_path, monkeypatch, root):
    home, choices = Home(tmp_path), []
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        def choose(count, really=ports.choose):
            choices.append(really(count))
            return [taken.getsockname()[1], *choices[0][1:]] if len(choices) == 1 else choices[-1]

        monkeypatch.setattr(cluster_module.ports, "choose", choose)
        both = frozenset({Authentication.NONE, Authentication.IAM})
        running = start(
            home, control_plane, kafka_version="3.6.0", authentication=both, configuration={"auto.create.topics.enable": "true"}
        )
    try:
        assert len(choices) == 2
        assert running.notices == ("The cluster asks for Kafka 3.6.0; the brokers here are Apache Kafka 3.9.2.",)
        plain = Connection(running.bootstrap(Authentication.NONE), Auth.NONE, REGION)
        assert check(plain).brokers == 1
        assert (
            check(Connection(running.bootstrap(Authentication.IAM), Auth.IAM, REGION, running.ca_file), credentials=lambda: root).brokers
            == 1
        )
        producer = Producer(confluent.client_config(plain))
        producer.produce("made-by-use", b"x")
        assert producer.flush(20) == 0
        assert running.describe_topic("made-by-use").replication_factor == 1
    finally:
        running.stop()
        running.stop()
    assert not (home.kafka / "clusters" / "small").exists()
    assert processes.recorded(home) == []
    assert running.ca_file.exists()


@pytest.mark.parametrize(
    ("changes", "refusal", "words"),
    [
        ({"kafka_version": "2.8.1"}, KafkaVersionRefused, "2.8.1 is not run locally"),
        ({"kafka_version": "4.0.x.kraft"}, KafkaVersionRefused, "4.0.x.kraft is not run locally"),
        ({"configuration": {"log.retention.hour": "1"}}, BrokerPropertyRefused, "log.retention.hour is not a property"),
        ({"authentication": frozenset()}, AuthenticationRefused, "lets nobody in"),
    ],
)
def test_what_does_not_run_here_is_refused_before_anything_starts(control_plane, tmp_path, changes, refusal, words):
    with pytest.raises(refusal, match=words):
        start(Home(tmp_path), control_plane, **changes)
    assert processes.recorded(Home(tmp_path)) == []


def test_a_value_that_kafka_refuses_is_in_the_message(control_plane, tmp_path):
    with pytest.raises(KafkaDidNotStart, match="soon"):
        start(Home(tmp_path), control_plane, configuration={"log.retention.hours": "soon"})
    assert processes.recorded(Home(tmp_path)) == []


def test_access_that_is_not_declared_has_no_address(cluster):
    with pytest.raises(AuthenticationRefused, match="does not declare none access"):
        cluster.bootstrap(Authentication.NONE)


def test_brokers_keep_their_scratch_files_in_the_home(cluster):
    for broker in cluster.brokers:
        words = Path(f"/proc/{broker.pid}/cmdline").read_bytes().split(b"\0")
        (scratch,) = [word.split(b"=")[1].decode() for word in words if word.startswith(b"-Djava.io.tmpdir=")]
        assert Path(scratch).is_dir()
        assert broker.log.parent.parent in Path(scratch).parents


def test_three_brokers_stay_small(cluster):
    def resident(pid):
        text = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True).stdout
        return int(text) / 1024

    assert sum(resident(broker.pid) for broker in cluster.brokers) < 1200


class SteadyProducer(threading.Thread):
    """Produces numbered messages with acks=all until told to stop; remembers which were acknowledged."""

    def __init__(self, connection, topic, root):
        super().__init__(daemon=True)
        config = {"acks": "all", "enable.idempotence": True, "linger.ms": 5, "delivery.timeout.ms": 60_000, "log_level": 0}
        self.producer = Producer(confluent.client_config(connection, lambda: root) | config)
        self.topic, self.enough = topic, threading.Event()
        self.sent, self.acknowledged, self.failed = 0, set(), []

    def run(self):
        while not self.enough.wait(0.002):
            self.producer.produce(self.topic, str(self.sent).encode(), on_delivery=self.delivered)
            self.sent += 1
            self.producer.poll(0)
        self.producer.flush(60)

    def delivered(self, error, message):
        self.failed.append(error) if error else self.acknowledged.add(int(message.value()))


def read_all(connection, topic, root):
    consumer = Consumer(
        confluent.client_config(connection, lambda: root) | {"group.id": "none", "enable.partition.eof": True, "log_level": 0}
    )
    consumer.assign([TopicPartition(topic, number, 0) for number in range(3)])
    found, ended, deadline = [], set(), time.monotonic() + 30
    while len(ended) < 3 and time.monotonic() < deadline:
        for message in consumer.consume(1000, 0.5):
            ended.add(message.partition()) if message.error() else found.append(int(message.value()))
    consumer.close()
    return found


def test_a_killed_broker_comes_back_and_no_acknowledged_message_is_lost_or_doubled(cluster, connection, topic, root, eventually):
    producer = SteadyProducer(connection, topic, root)
    producer.start()
    eventually(lambda: len(producer.acknowledged) > 100, seconds=30)
    killed = cluster.brokers[1]
    up_before = killed.log.read_text().count("Kafka Server started")
    os.kill(killed.pid, signal.SIGKILL)
    acknowledged = len(producer.acknowledged)
    eventually(lambda: cluster.brokers[1].restarts == 1, seconds=10, every=0.05)
    eventually(lambda: killed.log.read_text().count("Kafka Server started") > up_before, seconds=60)
    eventually(lambda: all(len(one.in_sync) == 3 for one in cluster.describe_topic(topic).partition_details), seconds=60)
    eventually(lambda: len(producer.acknowledged) > acknowledged + 100, seconds=30)
    producer.enough.set()
    producer.join(60)

    again = cluster.brokers[1]
    assert again.pid != killed.pid and again.ports == killed.ports
    assert producer.failed == []
    assert producer.acknowledged == set(range(producer.sent))
    assert sorted(read_all(connection, topic, root)) == list(range(producer.sent))
    assert any("Broker 2 ended with code -9" in notice for notice in cluster.notices)


def test_brokers_die_with_the_process_that_started_them(control_plane, tmp_path, eventually):
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from local_aws.home import Home\n"
        "from local_aws.kafka.cluster import Authentication, KafkaCluster\n"
        "started = KafkaCluster.start(Home(Path(sys.argv[1])), name='orphan', brokers=1, kafka_version='3.9.x',\n"
        "    authentication=frozenset({Authentication.IAM}), configuration={}, secret_url=sys.argv[2], token='t', region='eu-west-1')\n"
        "print(started.brokers[0].pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path), control_plane.url]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    (record,) = processes.recorded(Home(tmp_path))
    assert record.pid == pid and processes.is_running(record)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    eventually(lambda: not processes.is_running(record), seconds=10, every=0.05)


def test_two_builds_at_once_make_one(tmp_path, cluster):
    """Maven's part is played by a script that copies the jars which the real one fetched for this room's cluster."""
    fetched = jars.prepared(Home(tmp_path).cache) / "jars"
    maven = tmp_path / "bin" / "mvn"
    maven.parent.mkdir()
    maven.write_text(
        f"#!/bin/sh\necho once >> {tmp_path}/calls\nsleep 1\n"
        f'for word; do case $word in -Dbuild.to=*) cp -r {fetched} "${{word#-Dbuild.to=}}/jars";; esac; done\n'
    )
    maven.chmod(0o755)
    program = "import sys; from pathlib import Path; from local_aws.kafka import jars; print(jars.prepare(Path(sys.argv[1])))"
    command = [sys.executable, "-c", program, str(tmp_path / "cache")]
    environment = {**os.environ, "PATH": f"{maven.parent}:{os.environ['PATH']}"}
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT, env=environment) for _ in range(2)]
    one, other = (process.communicate(timeout=120)[0].strip() for process in both)
    build = jars.prepared(tmp_path / "cache")
    assert one == other == str(build)
    assert (tmp_path / "calls").read_text() == "once\n"
    assert sorted(path.name for path in build.parent.iterdir()) == sorted([build.name, f"{build.name}.lock"])
    assert "log.retention.hours" in (build / "properties.txt").read_text().split()


def test_a_finished_build_needs_neither_maven_nor_network(tmp_path, monkeypatch):
    jars.prepared(tmp_path).mkdir()
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert jars.prepare(tmp_path) == jars.prepared(tmp_path)
