"""Which MSK IAM tokens the brokers accept, and what they say to the others."""

import base64
import time
from datetime import UTC, datetime, timedelta

import pytest
from botocore.credentials import ReadOnlyCredentials
from confluent_kafka import Producer
from conftest import Key
from kafka import KafkaProducer
from kafka.net.sasl.oauth import AbstractTokenProvider
from presigned import token
from sasl_exchange import Exchange, verdict

from kafka_access import AuthenticationRefused, Connection, check, confluent, kafka_python, tokens

pytestmark = pytest.mark.integration


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def test_the_token_of_aws_s_own_signer_is_accepted(connection, root):
    assert verdict(connection, tokens.sign("eu-west-1", lambda: root).text) is None


def test_a_token_made_by_hand_is_accepted(connection):
    assert verdict(connection, token()) is None


def test_parameters_that_signers_add_after_signing_are_accepted(connection):
    assert verdict(connection, token(unsigned="&User-Agent=aws-msk-iam-sasl-signer-go%2F1.0")) is None


def test_extensions_are_accepted(connection):
    assert verdict(connection, token(), extensions="logicalCluster=lkc-1\x01") is None


def test_a_token_of_temporary_credentials_is_accepted(connection, control_plane):
    secret_token = "FwoG+/==&a b~*"
    control_plane.keys["ASIASESSION"] = Key("s", secret_token, "arn:aws:sts::123456789012:assumed-role/r/s", time.time() + 60)
    assert verdict(connection, token("ASIASESSION", "s", session_token=secret_token)) is None
    session = ReadOnlyCredentials("ASIASESSION", "s", secret_token)
    assert verdict(connection, tokens.sign("eu-west-1", lambda: session).text) is None


def test_a_clock_that_is_a_little_ahead_or_behind_is_accepted(connection):
    assert verdict(connection, token(signed_at=ago(-200))) is None
    assert verdict(connection, token(signed_at=ago(800))) is None


REFUSED = {
    "expired": (lambda: token(signed_at=ago(960)), "it expired 6"),
    "expired after a short life": (lambda: token(signed_at=ago(10), expires=5), "it expired"),
    "from the future": (lambda: token(signed_at=ago(-400)), "in the future; check the client's clock"),
    "valid too long": (lambda: token(expires=901), "its X-Amz-Expires is above 900"),
    "valid for no time": (lambda: token(expires=0), "its X-Amz-Expires is not a number"),
    "valid for ever": (lambda: token(expires="9" * 20), "its X-Amz-Expires is not a number"),
    "signed with another secret": (lambda: token(secret="wrong"), "its signature is not that of key AKIAROOT"),
    "of an unknown key": (lambda: token("AKIANOBODY"), "nobody has the access key AKIANOBODY"),
    "tampered date": (lambda: token(signed_at=ago(1000), change=("X-Amz-Expires=900", "X-Amz-Expires=899")), "it expired"),
    "tampered lifetime": (lambda: token(expires=100, change=("Expires=100", "Expires=900")), "its signature is not that"),
    "tampered key": (lambda: token("AKIANOBODY", change=("AKIANOBODY", "AKIAROOT")), "its signature is not that"),
    "a parameter that was not signed": (lambda: token(unsigned="&Extra=1"), "its signature is not that"),
    "no signature": (lambda: token(change=("X-Amz-Signature", "X-Amz-Nothing")), "it has no X-Amz-Signature"),
    "another action": (lambda: token(action="kafka-cluster:ReadData"), "its Action is not kafka-cluster:Connect"),
    "another service": (lambda: token(service="sts"), "its X-Amz-Credential is not"),
    "another service's host": (lambda: token(host="sts.eu-west-1.amazonaws.com"), "it is not a URL of https://kafka"),
    "a host that only looks right": (lambda: token(host="kafka.eu-west-1.amazonaws.com.example.org"), "it is not a URL"),
    "a port": (lambda: token(host="kafka.eu-west-1.amazonaws.com:443"), "it is not a URL"),
    "a user": (lambda: token(host="x@kafka.eu-west-1.amazonaws.com"), "it is not a URL"),
    "not encrypted": (lambda: token(scheme="http"), "it is not a URL"),
    "another path": (lambda: token(path="/x"), "it is not a URL"),
    "another region": (lambda: token(region="us-east-1"), "it is for region us-east-1, and this cluster is in eu-west-1"),
    "two regions": (lambda: token(host="kafka.us-east-1.amazonaws.com"), "signed for eu-west-1 and addressed to us-east-1"),
    "other signed headers": (lambda: token(signed_headers="host;x"), "its X-Amz-SignedHeaders are not host alone"),
    "a date of another day": (lambda: token(change=("X-Amz-Date=2", "X-Amz-Date=1")), "expired|not of the day"),
    "no date": (lambda: token(change=("X-Amz-Date", "X-Amz-Dote")), "its X-Amz-Date is not like"),
    "a repeated parameter": (lambda: token(unsigned="&X-Amz-Expires=900"), "its query repeats a name"),
    "a session token on a long-term key": (lambda: token(session_token="t"), "key AKIAROOT is a long-term key"),
    "not base64": (lambda: "%%%", "it is not the base64url of a URL|invalid|Invalid"),
    "base64 of no URL": (lambda: encoded("hello there"), "it is not"),
    "base64 of a URL without query": (lambda: encoded("https://kafka.eu-west-1.amazonaws.com/"), "its Action is not|without a name"),
    "a JWT": (lambda: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.", "it is not|invalid|Invalid"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_token_is_refused_with_the_reason(connection, case):
    make, reason = REFUSED[case]
    said = verdict(connection, make())
    assert said is not None
    assert any(part in said for part in reason.split("|")), said


def test_a_session_token_must_be_the_session_s(connection, control_plane):
    control_plane.keys["ASIAOTHER"] = Key("s", "the token", expires=time.time() + 60)
    assert "X-Amz-Security-Token is not that of key ASIAOTHER" in str(verdict(connection, token("ASIAOTHER", "s")))
    assert "X-Amz-Security-Token is not" in str(verdict(connection, token("ASIAOTHER", "s", session_token="another")))


def test_a_session_that_has_ended_lets_nobody_in(connection, control_plane):
    control_plane.keys["ASIAENDED"] = Key("s", "t", expires=ago(1).isoformat())
    assert "the session of key ASIAENDED ended at" in str(verdict(connection, token("ASIAENDED", "s", session_token="t")))


def test_a_deleted_key_lets_nobody_in_after_the_seconds_for_which_it_is_kept(connection, control_plane, eventually):
    control_plane.keys["AKIADELETED"] = Key("s")
    assert verdict(connection, token("AKIADELETED", "s")) is None
    del control_plane.keys["AKIADELETED"]
    eventually(lambda: "nobody has the access key" in str(verdict(connection, token("AKIADELETED", "s"))), seconds=15)


def test_a_secret_is_asked_for_once_in_a_while_not_for_each_connection(connection, control_plane):
    control_plane.keys["AKIABUSY"] = Key("s")
    for _ in range(5):
        assert verdict(connection, token("AKIABUSY", "s")) is None
    assert control_plane.asked.count("AKIABUSY") <= 2  # each of the broker's two network threads keeps its own


def test_a_refusal_is_logged_by_the_broker(connection, cluster):
    verdict(connection, token("AKIAFORTHELOG"))
    assert "WARN IAM token refused: nobody has the access key AKIAFORTHELOG." in cluster.brokers[0].log.read_text()


def test_no_secret_reaches_a_log(connection, cluster):
    verdict(connection, token(secret="wrong"))
    assert "root/secret+1" not in "".join(broker.log.read_text() for broker in cluster.brokers)


def test_a_client_is_told_the_broker_s_reason(connection):
    stranger = ReadOnlyCredentials("AKIASTRANGER", "s", None)
    with pytest.raises(AuthenticationRefused, match=r"refused the IAM token\.\n.*nobody has the access key AKIASTRANGER"):
        check(connection, credentials=lambda: stranger)


def test_a_connection_ends_with_the_token_that_opened_it(connection):
    """As on MSK, where a session lasts as long as its token (reported with aws-msk-iam-auth: 898349 ms)."""
    with Exchange(connection) as exchange:
        assert exchange.authenticate(token(expires=2)) is None
        assert exchange._ask(18, 0, b"")[:2] == b"\0\0"  # ApiVersions
        time.sleep(3)
        with pytest.raises((AssertionError, OSError)):
            exchange._ask(18, 0, b"")


class ShortLived(AbstractTokenProvider):
    def token(self):
        return token(expires=4)


def test_both_clients_go_on_when_their_token_s_time_is_over(connection, topic):
    """librdkafka authenticates again within the connection, kafka-python connects again."""
    failures = []
    settings = confluent.client_config(connection) | {"oauth_cb": lambda _: (token(expires=4), time.time() + 4), "log_level": 0}
    one = Producer(settings | {"acks": "all"})
    other = KafkaProducer(
        **(kafka_python.client_config(connection) | {"sasl_oauth_token_provider": ShortLived()}), acks="all", enable_idempotence=True
    )
    sent = []
    for _ in range(40):
        one.produce(topic, b"x", on_delivery=lambda error, _message: failures.append(error) if error else None)
        one.poll(0)
        sent.append(other.send(topic, b"x"))
        time.sleep(0.2)
    assert one.flush(20) == 0 and failures == []
    assert len([future.get(20) for future in sent]) == 40
    other.close()


def test_without_a_token_nothing_is_answered(connection):
    with Exchange(connection) as exchange, pytest.raises((AssertionError, OSError)):
        exchange._ask(3, 1, b"\xff\xff\xff\xff")  # Metadata


def test_the_certificate_is_for_loopback_under_both_its_names(connection):
    for name in ("127.0.0.1", "localhost"):
        bootstrap = connection.bootstrap.replace("127.0.0.1", name)
        assert verdict(Connection(bootstrap, connection.auth, connection.region, connection.ca_file), token()) is None
