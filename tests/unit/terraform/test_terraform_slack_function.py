"""The Slack function: messages from real shapes of alarms, and a webhook that is slow, wrong or away (a real HTTP server)."""

from __future__ import annotations

import importlib
import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

FUNCTIONS = Path(__file__).resolve().parents[3] / "terraform" / "modules" / "monitoring" / "functions"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:slack-abc"
PATH = "/services/T000/B000/very-secret-token"

ALARM = {
    "AlarmName": "user-events-prod-data-freshness",
    "AlarmDescription": "The oldest record is <late> & lost. Runbook: https://git.example.org/runbooks/data-freshness.md",
    "AWSAccountId": "123456789012",
    "AlarmConfigurationUpdatedTimestamp": "2026-11-24T11:00:00.000+0000",
    "NewStateValue": "ALARM",
    "NewStateReason": "Threshold Crossed: 5 datapoints were greater than the threshold (900.0).",
    "StateChangeTime": "2026-11-24T12:00:00.000+0000",
    "Region": "US East (N. Virginia)",
    "AlarmArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:user-events-prod-data-freshness",
    "OldStateValue": "OK",
    "OKActions": [],
    "AlarmActions": ["arn:aws:sns:us-east-1:123456789012:user-events-prod-notice"],
    "InsufficientDataActions": [],
    "Trigger": {
        "MetricName": "DeliveryToS3.DataFreshness", "Namespace": "AWS/Firehose", "StatisticType": "Statistic", "Statistic": "MAXIMUM",
        "Unit": None, "Dimensions": [{"value": "user-events-prod", "name": "DeliveryStreamName"}], "Period": 60, "EvaluationPeriods": 5,
        "DatapointsToAlarm": 5, "ComparisonOperator": "GreaterThanThreshold", "Threshold": 900.0, "TreatMissingData": "ignore",
        "EvaluateLowSampleCountPercentile": "",
    },
}  # fmt: skip
COMPOSITE = {
    "AlarmName": "user-events-prod-data-late-or-lost",
    "AlarmDescription": "Data is late or lost. Runbook: docs/runbooks/data-late-or-lost.md",
    "AWSAccountId": "123456789012",
    "NewStateValue": "ALARM",
    "NewStateReason": "arn:…:user-events-prod-stream-state transitioned to ALARM",
    "StateChangeTime": "2026-11-24T12:00:00.000+0000",
    "Region": "US East (N. Virginia)",
    "AlarmArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:user-events-prod-data-late-or-lost",
    "OldStateValue": "OK",
    "AlarmRule": 'ALARM("user-events-prod-stream-state") OR ALARM("user-events-prod-source-lag")',
    "TriggeringChildren": [
        {
            "Arn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:user-events-prod-stream-state",
            "State": {"Value": "ALARM", "Timestamp": "2026-11-24T12:00:00.000+0000"},
        }
    ],
}


@pytest.fixture(scope="module")
def function() -> Iterator[SimpleNamespace]:
    """The function's modules, by the names that they have in the zip."""
    sys.path.insert(0, str(FUNCTIONS))
    try:
        yield SimpleNamespace(**{name: importlib.import_module(f"slack.{name}") for name in ("handler", "message", "webhook")})
    finally:
        sys.path.remove(str(FUNCTIONS))
        for name in [name for name in sys.modules if name == "slack" or name.startswith("slack.")]:
            del sys.modules[name]


def record(alarm: dict[str, Any] | str, subject: str | None = 'ALARM: "x"') -> dict[str, Any]:
    message = alarm if isinstance(alarm, str) else json.dumps(alarm)
    sns = {"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Subject": subject, "Message": message}
    return {"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": sns}


def text_of(message: dict[str, Any]) -> str:
    return json.dumps(message["blocks"], ensure_ascii=False)


def test_an_alarm_says_what_why_and_where_to_read(function: SimpleNamespace) -> None:
    message = function.message.of(record(ALARM)["Sns"])
    assert message["text"] == "user-events-prod-data-freshness is in alarm"
    text = text_of(message)
    assert ":red_circle:" in text and "Threshold Crossed: 5 datapoints" in text
    assert "The oldest record is &lt;late&gt; &amp; lost." in text, "what Slack would read as markup is escaped"
    assert "<https://git.example.org/runbooks/data-freshness.md|Runbook>" in text
    assert "us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#alarmsV2:alarm/user-events-prod-data-freshness|Alarm>" in text
    assert "OK → ALARM" in text and "123456789012" in text


def test_the_end_of_an_alarm_is_told_too(function: SimpleNamespace) -> None:
    message = function.message.of(record({**ALARM, "NewStateValue": "OK", "OldStateValue": "ALARM"})["Sns"])
    assert message["text"] == "user-events-prod-data-freshness is over"
    assert ":large_green_circle:" in text_of(message)


def test_no_data_is_told_as_such(function: SimpleNamespace) -> None:
    message = function.message.of(record({**ALARM, "NewStateValue": "INSUFFICIENT_DATA"})["Sns"])
    assert message["text"].endswith("is without data")


def test_a_composite_alarm_names_what_set_it_off(function: SimpleNamespace) -> None:
    text = text_of(function.message.of(record(COMPOSITE)["Sns"]))
    assert "• user-events-prod-stream-state: ALARM" in text
    assert "Runbook: `docs/runbooks/data-late-or-lost.md`" in text, "a path is no link"


def test_a_composite_alarm_without_children_shows_its_rule(function: SimpleNamespace) -> None:
    text = text_of(function.message.of(record({**COMPOSITE, "NewStateValue": "OK", "TriggeringChildren": None})["Sns"]))
    assert "*Rule* `ALARM(" in text


@pytest.mark.parametrize("text", ["plain words", "[1, 2]", '{"AlarmName": 1}', ""])
def test_what_is_no_alarm_is_shown_as_it_is(function: SimpleNamespace, text: str) -> None:
    message = function.message.of(record(text, subject=None)["Sns"])
    assert message["text"] == "Notification"
    assert json.dumps(text)[1:-1] in text_of(message)


def test_nothing_is_longer_than_slack_takes(function: SimpleNamespace) -> None:
    long = {**ALARM, "AlarmName": "n" * 300, "NewStateReason": "<" * 5000, "AlarmDescription": "d" * 5000}
    for block in function.message.of(record(long)["Sns"])["blocks"]:
        if block["type"] in ("header", "section"):
            assert len(block["text"]["text"]) <= {"header": 150, "section": 3000}[block["type"]]


@dataclass
class Slack:
    """A webhook: answers in order, then 200; keeps what it was sent."""

    url: str
    answers: list[tuple[int, dict[str, str], str]] = field(default_factory=list)
    received: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)


@pytest.fixture
def slack() -> Iterator[Slack]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found.received.append((self.path, self.headers["Content-Type"], body))
            status, headers, text = found.answers.pop(0) if found.answers else (200, {}, "ok")
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Slack(f"http://127.0.0.1:{server.server_port}{PATH}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join(5)


@dataclass
class Clock:
    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def post(function: SimpleNamespace, url: str, clock: Clock, deadline: float = 25.0) -> None:
    function.webhook.Webhook(url, clock=lambda: clock.now, sleep=clock.sleep).post({"text": "hello"}, deadline)


def test_a_message_is_posted_as_json(function: SimpleNamespace, slack: Slack) -> None:
    post(function, slack.url, Clock())
    assert slack.received == [(PATH, "application/json; charset=utf-8", {"text": "hello"})]


def test_a_busy_slack_is_tried_again_ever_more_slowly(function: SimpleNamespace, slack: Slack) -> None:
    slack.answers = [(503, {}, ""), (500, {}, "")]
    clock = Clock()
    post(function, slack.url, clock)
    assert (len(slack.received), clock.slept) == (3, [1.0, 2.0])


def test_slack_says_how_long_to_wait(function: SimpleNamespace, slack: Slack) -> None:
    slack.answers = [(429, {"Retry-After": "7"}, "")]
    clock = Clock()
    post(function, slack.url, clock)
    assert clock.slept == [7.0]


def test_a_wait_beyond_the_end_is_not_begun(function: SimpleNamespace, slack: Slack) -> None:
    slack.answers = [(429, {"Retry-After": "30"}, "")]
    clock = Clock()
    with pytest.raises(function.webhook.Unreachable, match="status 429"):
        post(function, slack.url, clock)
    assert clock.slept == []


@pytest.mark.parametrize(
    ("status", "word"), [(400, "invalid_payload"), (403, "action_prohibited"), (404, "no_service"), (410, "channel_is_archived")]
)
def test_a_refusal_is_final_and_gives_slacks_word(function: SimpleNamespace, slack: Slack, status: int, word: str) -> None:
    slack.answers = [(status, {}, word)]
    with pytest.raises(function.webhook.Refused, match=word):
        post(function, slack.url, Clock())
    assert len(slack.received) == 1


def test_a_redirect_is_not_followed(function: SimpleNamespace, slack: Slack) -> None:
    slack.answers = [(302, {"Location": slack.url}, "")]
    with pytest.raises(function.webhook.Refused, match="302"):
        post(function, slack.url, Clock())
    assert len(slack.received) == 1


def test_no_answer_is_tried_until_the_end(function: SimpleNamespace) -> None:
    clock = Clock()
    with pytest.raises(function.webhook.Unreachable, match="no answer"):
        post(function, f"http://127.0.0.1:9{PATH}", clock)
    assert clock.slept == [1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize("text", ["", "no url", "http://hooks.slack.com/x", "ftp://127.0.0.1/x", "https:///x"])
def test_only_https_is_taken_save_on_loopback(function: SimpleNamespace, text: str) -> None:
    with pytest.raises(function.webhook.NoWebhook) as refused:
        function.webhook.Webhook(text)
    assert not text or text not in str(refused.value)


@pytest.fixture
def invoke(function: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Calls the handler; the secret's value, or an error code, is what a test gives."""
    function.handler._kept.clear()
    monkeypatch.setenv("WEBHOOK_SECRET_ARN", SECRET)
    client = boto3.client("secretsmanager", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    monkeypatch.setattr(function.handler.boto3, "client", lambda _name: client)
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 3500)

    def call(event: dict[str, Any], secret: str | None = None, error: str | None = None) -> Any:
        with Stubber(client) as stub:
            if secret is not None:
                stub.add_response("get_secret_value", {"ARN": SECRET, "SecretString": secret}, {"SecretId": SECRET})
            if error is not None:
                stub.add_client_error("get_secret_value", error, "no value")
            answer = function.handler.handler(event, context)
            stub.assert_no_pending_responses()
            return answer

    return call


def test_the_handler_sends_every_record_and_keeps_the_webhook(invoke: Any, slack: Slack) -> None:
    assert invoke({"Records": [record(ALARM), record(COMPOSITE)]}, secret=f"{slack.url}\n") == {"sent": 2}
    assert [body["text"].split()[0] for _, _, body in slack.received] == [ALARM["AlarmName"], COMPOSITE["AlarmName"]]
    assert invoke({"Records": [record(ALARM)]}) == {"sent": 1}


def test_a_webhook_that_failed_is_read_again(function: SimpleNamespace, invoke: Any, slack: Slack) -> None:
    slack.answers = [(404, {}, "no_service")]
    with pytest.raises(function.webhook.Refused):
        invoke({"Records": [record(ALARM)]}, secret=slack.url)
    assert invoke({"Records": [record(ALARM)]}, secret=slack.url) == {"sent": 1}


def test_a_secret_without_a_value_says_what_to_do(function: SimpleNamespace, invoke: Any) -> None:
    with pytest.raises(function.webhook.NoWebhook, match="put-secret-value"):
        invoke({"Records": [record(ALARM)]}, error="ResourceNotFoundException")


def test_the_url_is_never_logged_nor_raised(
    function: SimpleNamespace, invoke: Any, slack: Slack, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    import traceback

    caplog.set_level("DEBUG")
    said = []
    for answers in ([(404, {}, "no_service")], [(503, {}, "")] * 9):
        slack.answers = list(answers)
        try:
            invoke({"Records": [record(ALARM)]}, secret=slack.url)
        except function.webhook.SlackError as error:
            said.append("".join(traceback.format_exception(error)))
    assert len(said) == 2
    assert "very-secret-token" not in caplog.text + "".join(said) + "".join(capsys.readouterr())
    assert "very-secret-token" not in repr(function.webhook.Webhook(slack.url))
