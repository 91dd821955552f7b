"""What a cluster may ask of the brokers, and what they are told; no broker runs here."""

import re
import socket
import ssl
import stat

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from local_aws.home import Home
from local_aws.kafka import certificates, jars, ports, versions
from local_aws.kafka.errors import BrokerPropertyRefused, JarsNotPrepared, KafkaVersionRefused
from local_aws.kafka.server_properties import Listener, Seat, check, render
from local_aws.kafka.storage import format_storage, random_id

KNOWN = {"log.retention.hours", "auto.create.topics.enable", "listeners", "min.insync.replicas"}


def seats(tmp_path, brokers=3, listeners=(Listener.IAM, Listener.INTERNAL, Listener.CONTROLLER)):
    return [
        Seat(number, {listener: 10_000 * number + index for index, listener in enumerate(listeners)}, tmp_path / str(number))
        for number in range(1, brokers + 1)
    ]


def properties(text):
    return dict(line.split("=", 1) for line in text.splitlines())


@pytest.mark.parametrize("asked", ["3.9.x", "3.9.x.kraft", "3.9.0"])
def test_the_line_that_runs_needs_no_notice(asked):
    assert versions.notice(asked, "3.9.2") is None


@pytest.mark.parametrize("asked", ["3.6.0", "3.8.x", "3.7.x.kraft", "3.5.1", "3.10.x"])
def test_another_version_of_the_major_line_runs_with_a_notice(asked):
    assert versions.notice(asked, "3.9.2") == f"The cluster asks for Kafka {asked}; the brokers here are Apache Kafka 3.9.2."


@pytest.mark.parametrize("asked", ["2.8.1", "2.8.2.tiered", "4.0.x.kraft", "4.1.x", "1.1.1"])
def test_another_major_line_is_refused_by_name(asked):
    with pytest.raises(KafkaVersionRefused, match=re.escape(asked)):
        versions.notice(asked, "3.9.2")


@pytest.mark.parametrize("asked", ["", "latest", "3", "3.9.x.zookeeper", "v3.9.1"])
def test_what_is_no_version_is_refused(asked):
    with pytest.raises(KafkaVersionRefused, match="none that MSK names"):
        versions.notice(asked, "3.9.2")


def test_known_properties_are_taken_without_a_notice():
    assert check({"log.retention.hours": "24"}, KNOWN) == ()


@pytest.mark.parametrize("name", ["log.retention.hour", "no.such.thing"])
def test_a_property_that_kafka_does_not_know_is_refused_by_name(name):
    with pytest.raises(BrokerPropertyRefused, match=f"^{re.escape(name)} is not a property"):
        check({name: "1"}, KNOWN)


@pytest.mark.parametrize("name", ["listeners", "node.id", "log.dirs", "ssl.keystore.location", "listener.name.client.x", "broker.rack"])
def test_a_property_that_the_service_owns_is_refused_by_name(name):
    with pytest.raises(BrokerPropertyRefused, match=f"^{re.escape(name)} cannot be set"):
        check({name: "1"}, KNOWN)


def test_zookeeper_s_timeouts_are_taken_with_a_notice_and_left_out(tmp_path):
    configuration = {"zookeeper.session.timeout.ms": "18000"}
    assert len(check(configuration, KNOWN)) == 1
    everyone = seats(tmp_path)
    found = properties(render(everyone[0], everyone, configuration, region="eu-west-1", key_store=tmp_path / "k"))
    assert "zookeeper.session.timeout.ms" not in found


def test_authorization_is_refused_where_it_would_not_be_enforced():
    assert check({"allow.everyone.if.no.acl.found": "true"}, KNOWN) == ()
    with pytest.raises(BrokerPropertyRefused, match="not what they may do"):
        check({"allow.everyone.if.no.acl.found": "false"}, KNOWN)


def test_three_brokers_have_the_durability_of_production(tmp_path):
    everyone = seats(tmp_path)
    found = properties(render(everyone[1], everyone, {}, region="eu-west-1", key_store=tmp_path / "k"))
    assert found["node.id"] == "2"
    assert found["default.replication.factor"] == found["offsets.topic.replication.factor"] == "3"
    assert found["min.insync.replicas"] == found["transaction.state.log.min.isr"] == "2"
    assert found["auto.create.topics.enable"] == "false"
    assert found["broker.rack"] == "eu-west-1b"
    assert found["controller.quorum.voters"] == "1@127.0.0.1:10002,2@127.0.0.1:20002,3@127.0.0.1:30002"


def test_one_broker_copies_nothing(tmp_path):
    (only,) = seats(tmp_path, brokers=1)
    found = properties(render(only, [only], {}, region="eu-west-1", key_store=tmp_path / "k"))
    assert {found[name] for name in ("default.replication.factor", "min.insync.replicas", "transaction.state.log.min.isr")} == {"1"}


def test_the_cluster_s_configuration_comes_over_the_defaults(tmp_path):
    everyone = seats(tmp_path)
    configuration = {"auto.create.topics.enable": "true", "log.retention.hours": "24"}
    found = properties(render(everyone[0], everyone, configuration, region="eu-west-1", key_store=tmp_path / "k"))
    assert (found["auto.create.topics.enable"], found["log.retention.hours"]) == ("true", "24")


def test_every_listener_is_on_loopback(tmp_path):
    everyone = seats(tmp_path)
    found = properties(render(everyone[0], everyone, {}, region="eu-west-1", key_store=tmp_path / "k"))
    assert all("://127.0.0.1:" in listener for listener in found["listeners"].split(","))
    assert "CONTROLLER" not in found["advertised.listeners"]


def test_without_iam_there_is_no_sasl(tmp_path):
    everyone = seats(tmp_path, listeners=(Listener.PLAINTEXT, Listener.INTERNAL, Listener.CONTROLLER))
    text = render(everyone[0], everyone, {}, region="eu-west-1", key_store=tmp_path / "k")
    assert "sasl" not in text.lower() and "CLIENT_PLAINTEXT:PLAINTEXT" in text


def test_a_line_break_in_a_value_adds_no_property(tmp_path):
    everyone = seats(tmp_path)
    text = render(everyone[0], everyone, {"log.retention.hours": "1\nnode.id=9"}, region="eu-west-1", key_store=tmp_path / "k")
    assert properties(text)["node.id"] == "1"


def test_ports_are_distinct_and_free():
    chosen = ports.choose(12)
    assert len(set(chosen)) == 12
    for port in chosen:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))


def test_a_port_in_use_is_not_chosen(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        used = taken.getsockname()[1]
        free = ports.choose(1)[0]
        monkeypatch.setattr(ports.random, "sample", lambda _range, k: [used, free])
        monkeypatch.setattr(ports, "_highest", lambda: 40_000)
        assert ports.choose(1) == [free]


def test_one_authority_serves_a_target_for_its_life(tmp_path):
    home = Home(tmp_path)
    first = certificates.authority(home).read_bytes()
    assert certificates.authority(home).read_bytes() == first


def test_the_brokers_certificate_is_signed_by_the_authority_and_names_loopback(tmp_path):
    home = Home(tmp_path)
    certificates.issue_broker_certificate(home, tmp_path / "broker.pem")
    authority = x509.load_pem_x509_certificate(certificates.authority(home).read_bytes())
    broker, _ = x509.load_pem_x509_certificates((tmp_path / "broker.pem").read_bytes())
    broker.verify_directly_issued_by(authority)
    names = broker.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert isinstance(broker.public_key(), ec.EllipticCurvePublicKey)
    ssl.create_default_context(cafile=str(certificates.authority(home)))


def test_private_keys_are_for_the_owner_alone(tmp_path):
    home = Home(tmp_path)
    certificates.issue_broker_certificate(home, tmp_path / "broker.pem")
    for path in (tmp_path / "broker.pem", home.kafka / "ca.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_storage_is_formatted_with_ids_of_its_own(tmp_path):
    (tmp_path / "bootstrap.checkpoint").write_bytes(b"checkpoint")
    first, second, _ = seats(tmp_path)
    for seat in (first, second):
        format_storage(tmp_path, seat, "node.id=1\n", "cluster")
    one, other = (properties((seat.directory / "data" / "meta.properties").read_text()) for seat in (first, second))
    assert (one["node.id"], other["node.id"]) == ("1", "2")
    assert one["cluster.id"] == other["cluster.id"] and one["directory.id"] != other["directory.id"]


def test_ids_never_look_like_options():
    assert not any(random_id().startswith("-") for _ in range(500))


def test_missing_java_is_said_with_what_to_install(monkeypatch, tmp_path):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(JarsNotPrepared, match=r"java 17 or newer is not on the PATH(.|\n)*apt-get install"):
        jars.prepare(tmp_path / "cache")


def program(path, said):
    path.write_text(f"#!/bin/sh\necho '{said}' >&2\n")
    path.chmod(0o755)


def test_old_java_is_said_with_its_version(monkeypatch, tmp_path):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    program(tmp_path / "java", 'openjdk version "11.0.2" 2019-01-15')
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(JarsNotPrepared, match="is Java 11, and Kafka's brokers need 17 or newer"):
        jars.java()


def test_a_java_home_without_java_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(JarsNotPrepared, match=r"JAVA_HOME is .*, which has no bin/java"):
        jars.java()


def test_missing_maven_is_said_with_what_to_install(monkeypatch, tmp_path):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    program(tmp_path / "java", 'openjdk version "17.0.2" 2022-01-18')
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(jars.shutil, "which", lambda name: str(tmp_path / name) if (tmp_path / name).exists() else None)
    monkeypatch.setattr(jars.subprocess, "run", lambda *_a, **_k: type("Done", (), {"stderr": 'version "17.0.2"'}))
    with pytest.raises(JarsNotPrepared, match=r"mvn \(Maven 3\.8 or newer\) is not on the PATH"):
        jars.prepare(tmp_path / "cache")
