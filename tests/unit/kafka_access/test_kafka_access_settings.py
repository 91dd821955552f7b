"""What clients are told: connections, settings, tokens; no broker runs here."""

import base64
import pickle
import time
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import boto3
import pytest
from botocore.credentials import ReadOnlyCredentials

from console import CouldNotRun, UsageError
from kafka_access import (
    Auth,
    Connection,
    NoBrokerAnswered,
    NoCredentials,
    check,
    confluent,
    environment_credentials,
    kafka_python,
    session_credentials,
    tokens,
)

KEY = ReadOnlyCredentials("AKIAEXAMPLE", "a secret", None)
IAM = Connection("b-1:9098,b-2:9098", Auth.IAM, "eu-west-1", Path("/ca.pem"))


def parameters_of(token: str) -> dict[str, str]:
    url = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    return {name: values[0] for name, values in parse_qs(urlparse(url).query).items()}


@pytest.fixture
def no_credentials(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))


def test_the_authority_is_the_one_that_the_environment_names(tmp_path):
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text("pem")
    assert Connection.of("b:1", "iam", "eu-west-1", {"KAFKA_CA_FILE": str(ca_file)}).ca_file == ca_file


def test_without_a_named_authority_the_system_s_are_trusted():
    connection = Connection.of("b:1", "iam", "eu-west-1", {})
    assert connection.ca_file is None
    assert "ssl.ca.location" not in confluent.client_config(connection)
    assert kafka_python.client_config(connection)["ssl_cafile"] is None


def test_an_authority_that_is_no_file_is_named():
    with pytest.raises(CouldNotRun, match=r"KAFKA_CA_FILE is /nowhere/ca\.pem"):
        Connection.of("b:1", "iam", "eu-west-1", {"KAFKA_CA_FILE": "/nowhere/ca.pem"})


def test_plaintext_ignores_the_authority():
    assert Connection.of("b:1", "none", "eu-west-1", {"KAFKA_CA_FILE": "/nowhere/ca.pem"}).ca_file is None


@pytest.mark.parametrize(("bootstrap", "auth"), [("b:1", "scram"), ("b:1", ""), ("  ", "iam")])
def test_outputs_that_name_no_usable_cluster_are_refused(bootstrap, auth):
    with pytest.raises(UsageError):
        Connection.of(bootstrap, auth, "eu-west-1", {})


def test_a_connection_can_be_sent_to_a_worker_process():
    assert pickle.loads(pickle.dumps(IAM)) == IAM


def test_confluent_settings_for_iam():
    config = confluent.client_config(IAM, lambda: KEY)
    assert config.pop("oauth_cb")("")[1] > time.time()
    assert config == {
        "bootstrap.servers": "b-1:9098,b-2:9098",
        "security.protocol": "SASL_SSL",
        "sasl.mechanisms": "OAUTHBEARER",
        "ssl.ca.location": "/ca.pem",
    }


def test_settings_for_plaintext_need_no_credentials(no_credentials):
    plain = Connection("b-1:9092", Auth.NONE, "eu-west-1")
    assert confluent.client_config(plain) == {"bootstrap.servers": "b-1:9092", "security.protocol": "PLAINTEXT"}
    assert kafka_python.client_config(plain) == {"bootstrap_servers": ["b-1:9092"], "security_protocol": "PLAINTEXT"}


def test_kafka_python_gets_a_list_of_servers_and_a_token_provider():
    config = kafka_python.client_config(IAM, lambda: KEY)
    assert config["bootstrap_servers"] == ["b-1:9098", "b-2:9098"]
    assert parameters_of(config["sasl_oauth_token_provider"].token())["Action"] == "kafka-cluster:Connect"


def test_a_token_is_for_the_region_and_signed_by_the_session_s_key():
    session = boto3.session.Session("AKIAOTHER", "secret", "session-token", region_name="eu-west-1")
    token = tokens.sign("eu-west-1", session_credentials(session))
    found = parameters_of(token.text)
    assert found["X-Amz-Credential"].startswith("AKIAOTHER/") and "/eu-west-1/kafka-cluster/" in found["X-Amz-Credential"]
    assert found["X-Amz-Security-Token"] == "session-token"


def test_a_token_is_used_no_longer_than_temporary_credentials_surely_last():
    assert tokens.sign("eu-west-1", lambda: KEY).use_until <= time.time() + 600


def test_kafka_python_signs_anew_when_a_token_s_time_is_over(monkeypatch):
    signed = []

    def source():
        signed.append(1)
        return KEY

    provider = kafka_python.TokenProvider("eu-west-1", source)
    provider.token(), provider.token()
    assert len(signed) == 1
    monkeypatch.setattr(kafka_python.time, "time", lambda: 9e9)
    provider.token()
    assert len(signed) == 2


def test_absent_credentials_are_said_before_any_broker_is_asked(no_credentials):
    with pytest.raises(NoCredentials, match="there are no AWS credentials"):
        check(IAM)
    with pytest.raises(NoCredentials):
        environment_credentials()()


def test_no_broker_is_said_with_address_and_time():
    started = time.monotonic()
    with pytest.raises(NoBrokerAnswered, match=r"^kafka: no broker answered at 127\.0\.0\.1:1 within 0\.3 s\."):
        check(Connection("127.0.0.1:1", Auth.NONE, "eu-west-1"), timeout=0.3)
    assert time.monotonic() - started < 5
