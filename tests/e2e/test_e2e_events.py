"""The whole way of an event: a plain Kafka client in, the lake's row or the error area's record out."""

from __future__ import annotations

import base64
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from aws_msk_iam_sasl_signer import MSKAuthTokenProvider
from botocore.credentials import CredentialProvider, Credentials
from confluent_kafka import Producer

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "transform"))
from transform_cases import DATA, cases

pytestmark = pytest.mark.e2e

ROWS = "select * from user_events where event_date = '{date}'"


class Keys(CredentialProvider):
    """The keys of the target's dotenv file, as a credential provider of botocore."""

    METHOD = "dotenv"

    def __init__(self, environment: dict[str, str]) -> None:
        super().__init__()
        self._keys = Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])

    def load(self) -> Credentials:
        return self._keys


@pytest.fixture(scope="module")
def send(running_stack):
    """A client as a user would write it: MSK IAM by AWS's own signer, nothing of this project."""

    def token(_settings: str) -> tuple[str, float]:
        signed, expires = MSKAuthTokenProvider.generate_auth_token_from_credentials_provider(
            running_stack.outputs.aws_region, Keys(running_stack.environment)
        )
        return signed, expires / 1000

    producer = Producer(
        {
            "bootstrap.servers": running_stack.outputs.kafka_bootstrap_brokers,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "OAUTHBEARER",
            "ssl.ca.location": running_stack.environment["KAFKA_CA_FILE"],
            "oauth_cb": token,
            "acks": "all",
        }
    )

    def send_all(values: list[bytes | None]) -> None:
        failures: list[Any] = []
        for value in values:
            producer.produce(
                running_stack.outputs.kafka_topic, value, on_delivery=lambda error, _message: failures.append(error) if error else None
            )
        assert producer.flush(30) == 0
        assert failures == []

    return send_all


def rows_of(running_stack, event_date: str) -> list[dict[str, Any]]:
    """The lake's rows of one date, spelled as the mission's output record."""
    (answer,) = running_stack.json("validation", "query", ROWS.format(date=event_date), "--max-rows", "100000")
    rows: list[dict[str, Any]] = answer["rows"]
    return rows


def refused_payloads(running_stack) -> list[bytes]:
    objects = running_stack.objects(f"{running_stack.outputs.error_prefix}processing-failed/")
    return [base64.b64decode(json.loads(line)["rawData"]) for body in objects.values() for line in body.splitlines()]


def test_the_missions_samples_become_the_missions_rows(running_stack, send, eventually):
    samples = (DATA / "samples.jsonl").read_bytes().splitlines()
    expected = [json.loads(line) for line in (DATA / "samples.expected.jsonl").read_text().splitlines()]
    send(samples)

    def delivered() -> bool:
        return all(row in rows_of(running_stack, row["event_date"]) for row in expected)

    eventually(delivered, every=1)
    assert list(expected[0]) == list(next(row for row in rows_of(running_stack, "2023-10-23") if row["SKU"] == "SKU-1001"))


def test_a_record_that_is_not_json_is_found_in_the_error_area_with_its_payload(running_stack, send, eventually):
    payload = "{'timestamp': not JSON, \u00fc\n\ttail}".encode() + bytes([0, 255])
    send([payload])
    eventually(lambda: payload in refused_payloads(running_stack), every=1)


def test_every_case_of_the_data_folder_becomes_what_its_file_says(running_stack, send, eventually):
    chosen = [case for case in cases() if case.arrival_ms == cases()[0].arrival_ms and not depends_on_arrival(case)]
    rows = [case.row for case in chosen if case.row]
    send([case.value for case in chosen])
    refused = Counter(case.value or b"" for case in chosen if case.reason)
    eventually(lambda: refused <= Counter(refused_payloads(running_stack)), every=1)
    for event_date in {row["event_date"] for row in rows}:
        wanted = Counter(json.dumps(row) for row in rows if row["event_date"] == event_date)

        def arrived(event_date: str = event_date, wanted: Counter[str] = wanted) -> bool:
            return wanted <= Counter(json.dumps(row) for row in rows_of(running_stack, event_date))

        eventually(arrived, every=1)
    assert len(chosen) > 150


def depends_on_arrival(case) -> bool:
    """Whether the outcome changes with the day on which the test runs, or the stack's window is another one."""
    fixed_window = case.window.max_event_age_days is None and str(case.window.earliest_event_date) == "2020-01-01"
    return not fixed_window or case.window.max_future_skew_hours != 24 or "future" in case.name
