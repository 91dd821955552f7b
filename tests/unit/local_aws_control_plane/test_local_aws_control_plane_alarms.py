"""Alarms: metric math, evaluation, a replayed loss, and what is published, over the real API."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from control_plane_under_test import Plane, eventually
from test_local_aws_control_plane_lambda import package

from local_aws.control_plane.cloudwatch.alarms import Alarms
from local_aws.control_plane.cloudwatch.evaluation import Rule, State, UnknownRule, composite, evaluate
from local_aws.control_plane.cloudwatch.expressions import UnknownExpression, compute
from local_aws.control_plane.lambda_functions import invocations
from local_aws.control_plane.principals import ACCOUNT_ID
from local_aws.control_plane.schedules.firing import Schedules

MODULE = Path(__file__).resolve().parents[3] / "terraform" / "modules" / "monitoring"


def expression_of(alarm: str) -> str:
    """The expression of one of our alarms, as its Terraform has it."""
    [found] = re.findall(rf'^    {alarm} = {{.*?expression\s+= "(.*?)"$', (MODULE / "alarms.tf").read_text(), re.MULTILINE | re.DOTALL)[:1]
    return str(found)


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("a + b * 2 - 1", [20.0, None]),
        ("(a + b) / 2", [5.5, None]),
        ("a / 0", [None, None]),
        ("-a", [-1.0, -2.0]),
        ("IF(a > 1, 7, FILL(b, 0))", [10.0, 7.0]),
        ("FILL(b, 3)", [10.0, 3.0]),
        ("MAX([a, b])", [10.0, 2.0]),
        ("SUM([a, b, 1])", [12.0, 3.0]),
        ("a >= 1 AND b < 100", [1.0, None]),
        ("a == 2 || a == 1", [1.0, 1.0]),
    ],
)
def test_metric_math(expression: str, values: list[float | None]) -> None:
    assert compute(expression, {"a": [1.0, 2.0], "b": [10.0, None]}) == values


@pytest.mark.parametrize(
    "expression", ["RATE(a)", "SEARCH('x', 'Sum')", "a.b", "a +", "FILL(a, REPEAT)", "a ** 2", "__import__('os')", "c + 1"]
)
def test_math_that_is_not_known_is_refused(expression: str) -> None:
    with pytest.raises(UnknownExpression):
        compute(expression, {"a": [1.0]})


def test_a_replayed_loss_sets_off_the_alarm_on_unaccounted_records() -> None:
    """Hours, newest first. Buffers carry a few percent from hour to hour; a transform that swallows a tenth does not."""
    expression, rule = expression_of("records-unaccounted"), Rule("GreaterThanThreshold", 5, 3, 3, "notBreaching")

    def state(read: list[float], delivered: list[float | None], rejected: list[float | None]) -> State:
        metrics = {"read": read, "delivered": delivered, "rejected": rejected, "unconverted": [None] * len(read)}
        return evaluate(rule, compute(expression, metrics), State.OK)

    million = 1e6
    assert state([million] * 3, [0.99 * million] * 3, [0.01 * million] * 3) is State.OK, "refusals are accounted for"
    assert state([million] * 3, [0.9 * million] * 3, [0.01 * million] * 3) is State.ALARM, "nine percent vanish"
    assert state([million] * 3, [0.9 * million] * 3, [0.1 * million] * 3) is State.OK
    assert state([million, 2 * million, million], [0.9 * million, 1.9 * million, million], [None] * 3) is State.OK, "traffic that grows"
    assert state([million] * 3, [None] * 3, [None] * 3) is State.ALARM, "nothing is delivered"
    assert state([0.0] * 3, [None] * 3, [None] * 3) is State.OK, "silence is no loss"
    assert compute(expression, {"read": [None], "delivered": [5.0], "rejected": [None], "unconverted": [None]}) == [None]


@pytest.mark.parametrize(
    ("missing", "points", "before", "state"),
    [
        ("missing", [None] * 5, State.ALARM, State.INSUFFICIENT_DATA),
        ("ignore", [None] * 5, State.ALARM, State.ALARM),
        ("breaching", [None] * 5, State.OK, State.ALARM),
        ("notBreaching", [None] * 5, State.ALARM, State.OK),
        ("ignore", [9, 9, 9, 1, 1], State.OK, State.ALARM),
        ("ignore", [9, None, 9, None, 9], State.OK, State.ALARM),
        ("ignore", [9, None, None, None, None], State.ALARM, State.ALARM),
        ("ignore", [1, None, None, None, None], State.ALARM, State.OK),
        ("notBreaching", [9, 9, None, None, None], State.ALARM, State.OK),
        ("breaching", [1, None, None, None, None], State.OK, State.OK),
        ("breaching", [1, 1, 1, None, None], State.ALARM, State.OK),
    ],
)
def test_what_missing_data_means(missing: str, points: list[float | None], before: State, state: State) -> None:
    assert evaluate(Rule("GreaterThanThreshold", 5, 3, 3, missing), points, before) is state


def test_two_of_three_are_enough_where_so_asked() -> None:
    rule = Rule("LessThanThreshold", 1, 3, 2, "breaching")
    assert evaluate(rule, [0, 1, 0], State.OK) is State.ALARM
    assert evaluate(rule, [1, 1, 0], State.ALARM) is State.OK


def test_a_composite_rule() -> None:
    states = {"a": State.ALARM, "b": State.OK, "c d": State.INSUFFICIENT_DATA}
    assert composite('ALARM("a") OR ALARM("b")', states.__getitem__) == (State.ALARM, ["a"])
    assert composite("ALARM(b) AND ALARM(a)", states.__getitem__)[0] is State.OK
    assert composite('NOT ALARM("b") AND (INSUFFICIENT_DATA("c d") OR FALSE)', states.__getitem__)[0] is State.ALARM
    assert composite('ALARM("arn:aws:cloudwatch:us-east-1:1:alarm:a")', states.__getitem__)[0] is State.ALARM
    with pytest.raises(UnknownRule):
        composite('AT_LEAST(1, ALARM, ("a"))', states.__getitem__)


METRIC = {"Namespace": "Tests", "MetricName": "Age", "Dimensions": [{"Name": "Of", "Value": "x"}]}


@pytest.fixture
def topic(plane: Plane) -> str:
    """A topic with one function subscribed."""
    role = plane.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    function = plane.client("lambda").create_function(
        FunctionName="told", Runtime="python3.11", Role=role, Handler="code.handler", Code={"ZipFile": package()}
    )
    plane.services.invoke_event = invocations.Invocations(plane.functions, ACCOUNT_ID, "us-east-1", plane.home / "zips").invoke_event
    sns = plane.client("sns")
    arn = str(sns.create_topic(Name="alarms")["TopicArn"])
    sns.subscribe(TopicArn=arn, Protocol="lambda", Endpoint=function["FunctionArn"])
    return arn


def put_alarm(plane: Plane, topic: str, **changes: Any) -> Any:
    settings = {
        "AlarmName": "late", "AlarmDescription": "Late. Runbook: r.md", "ComparisonOperator": "GreaterThanThreshold", "Threshold": 5,
        "EvaluationPeriods": 1, "Period": 60, "Statistic": "Maximum", "AlarmActions": [topic], "OKActions": [topic], **METRIC,
    }  # fmt: skip
    return plane.client("cloudwatch").put_metric_alarm(
        **{name: value for name, value in {**settings, **changes}.items() if value is not None}
    )


def put(plane: Plane, value: float) -> None:
    plane.client("cloudwatch").put_metric_data(
        Namespace="Tests", MetricData=[{"MetricName": "Age", "Dimensions": METRIC["Dimensions"], "Value": value}]
    )


def state_of(plane: Plane, name: str = "late") -> str:
    found = plane.client("cloudwatch").describe_alarms(AlarmNames=[name])
    return str([*found["MetricAlarms"], *found["CompositeAlarms"]][0]["StateValue"])


def test_an_alarm_changes_its_state_and_tells_a_function_once(plane: Plane, topic: str) -> None:
    alarms = Alarms(ACCOUNT_ID, clock_speed=1)
    put_alarm(plane, topic)
    assert state_of(plane) == "INSUFFICIENT_DATA"
    put(plane, 6)
    alarms.evaluate(time.monotonic())
    alarms.evaluate(time.monotonic())
    assert state_of(plane) == "ALARM"
    function, payload = eventually(lambda: plane.functions.invoked)[0]
    assert function.name == "told" and len(plane.functions.invoked) == 1
    [record] = json.loads(payload)["Records"]
    assert record["Sns"]["TopicArn"] == topic and record["EventSource"] == "aws:sns"
    told = json.loads(record["Sns"]["Message"])
    assert (told["AlarmName"], told["NewStateValue"], told["OldStateValue"]) == ("late", "ALARM", "INSUFFICIENT_DATA")
    assert told["Trigger"]["MetricName"] == "Age" and told["AlarmDescription"].endswith("r.md")


def test_a_changed_alarm_keeps_its_state(plane: Plane, topic: str) -> None:
    put_alarm(plane, topic)
    put(plane, 6)
    Alarms(ACCOUNT_ID, 1).evaluate(time.monotonic())
    put_alarm(plane, topic, Threshold=5.5)
    assert state_of(plane) == "ALARM"


def test_periods_pass_on_the_scaled_clock(plane: Plane, topic: str) -> None:
    put_alarm(plane, topic, Period=3600, TreatMissingData="notBreaching")
    put(plane, 6)
    alarms = Alarms(ACCOUNT_ID, clock_speed=3600)
    alarms.evaluate(time.monotonic())
    assert state_of(plane) == "ALARM"
    alarms.evaluate(time.monotonic() + 4)
    assert state_of(plane) == "OK"


def test_an_expression_and_a_composite_alarm(plane: Plane, topic: str) -> None:
    stat = {"Metric": METRIC, "Period": 60, "Stat": "Sum"}
    queries = [
        {"Id": "e", "Expression": "IF(m > 3, 100 * m, 0)", "ReturnData": True},
        {"Id": "m", "MetricStat": stat, "ReturnData": False},
    ]
    put_alarm(plane, topic, Namespace=None, MetricName=None, Dimensions=None, Period=None, Statistic=None, Metrics=queries, Threshold=399)
    cloudwatch = plane.client("cloudwatch")
    cloudwatch.put_composite_alarm(AlarmName="any", AlarmRule='ALARM("late")', AlarmActions=[topic])
    put(plane, 2)
    put(plane, 2)
    Alarms(ACCOUNT_ID, 1).evaluate(time.monotonic())
    assert (state_of(plane), state_of(plane, "any")) == ("ALARM", "ALARM")
    [found] = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"], AlarmNames=["any"])["CompositeAlarms"]
    assert found["AlarmRule"] == 'ALARM("late")'
    messages = eventually(lambda: len(plane.functions.invoked) == 2 and plane.functions.invoked)
    told = [json.loads(json.loads(payload)["Records"][0]["Sns"]["Message"]) for _, payload in messages]
    [of_any] = [one for one in told if one["AlarmName"] == "any"]
    assert [child["Arn"].rpartition(":")[2] for child in of_any["TriggeringChildren"]] == ["late"]


def test_what_would_not_be_evaluated_is_refused_or_noticed(plane: Plane, topic: str) -> None:
    none: dict[str, Any] = {"Namespace": None, "MetricName": None, "Dimensions": None, "Period": None, "Statistic": None}
    stat = {"Id": "m", "MetricStat": {"Metric": METRIC, "Period": 60, "Stat": "Sum"}}
    with pytest.raises(ClientError, match="does not implement the function RATE"):
        put_alarm(plane, topic, **none, Metrics=[{"Id": "e", "Expression": "RATE(m)"}, stat])
    with pytest.raises(ClientError, match="does not implement the alarm rule"):
        plane.client("cloudwatch").put_composite_alarm(AlarmName="any", AlarmRule='AT_LEAST(1, ALARM, ("a"))')
    put_alarm(
        plane, topic, **none, Threshold=None, ThresholdMetricId="b", ComparisonOperator="LessThanLowerOrGreaterThanUpperThreshold",
        Metrics=[{"Id": "b", "Expression": "ANOMALY_DETECTION_BAND(m, 3)"}, stat],
    )  # fmt: skip
    Alarms(ACCOUNT_ID, 1).evaluate(time.monotonic())
    assert state_of(plane) == "INSUFFICIENT_DATA"
    plane.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="team@example.org")
    assert [notice for notice in plane.services.notices.all() if "anomaly" in notice or "email" in notice] == [
        "Alarm late: anomaly detection learns nothing here; it stays INSUFFICIENT_DATA.",
        "SNS topic alarms: nothing is sent to email subscriptions (team@example.org).",
    ]


def values(plane: Plane, namespace: str, name: str) -> list[float]:
    from moto.cloudwatch.models import cloudwatch_backends

    backend: Any = cloudwatch_backends[ACCOUNT_ID]["us-east-1"]
    return [one.value for one in backend.metric_data if (one.namespace, one.name) == (namespace, name)]


def test_a_line_in_the_embedded_format_becomes_metrics(plane: Plane) -> None:
    logs = plane.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    directive = {"Namespace": "Mine", "Dimensions": [["F"]], "Metrics": [{"Name": "Seen", "Unit": "Count"}, {"Name": "Absent"}]}
    line = json.dumps({"_aws": {"Timestamp": 1, "CloudWatchMetrics": [directive]}, "F": "f", "Seen": 3})
    logs.put_log_events(
        logGroupName="g",
        logStreamName="s",
        logEvents=[{"timestamp": int(time.time() * 1000), "message": text} for text in (line, "no JSON")],
    )
    assert values(plane, "Mine", "Seen") == [3] and values(plane, "Mine", "Absent") == []


def test_a_metric_filter_counts_the_lines_that_match(plane: Plane) -> None:
    logs = plane.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    transformation = {"metricName": "Denied", "metricNamespace": "Mine", "metricValue": "1"}
    pattern = '{ ($.errorCode = "*AccessDenied*") || ($.errorCode = "S3.KMS.*") }'
    for _ in range(2):  # a filter that is put again replaces itself
        logs.put_metric_filter(logGroupName="g", filterName="f", filterPattern=pattern, metricTransformations=[transformation])
    codes = ["S3.AccessDenied", "S3.KMS.NotFoundException", "InternalError", "Lambda.InvokeAccessDenied"]
    now = int(time.time() * 1000)
    lines = [{"timestamp": now, "message": json.dumps({"errorCode": code})} for code in codes]
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[*lines, {"timestamp": now, "message": "AccessDenied"}])
    assert values(plane, "Mine", "Denied") == [1, 1, 1]
    for unknown in ("ERROR", "{ $.a = 1 }", '{ ($.a = "b") && ($.a = "c") || ($.a = "d") }'):
        with pytest.raises(ClientError, match="does not implement"):
            logs.put_metric_filter(logGroupName="g", filterName="u", filterPattern=unknown, metricTransformations=[transformation])


def test_a_schedule_fires_on_the_scaled_clock(plane: Plane, topic: str) -> None:
    assert topic
    scheduler = plane.client("scheduler")
    target = {
        "Arn": "arn:aws:lambda:us-east-1:123456789012:function:told",
        "RoleArn": "arn:aws:iam::123456789012:role/r",
        "Input": '{"a":1}',
    }
    settings: dict[str, Any] = {"Name": "look", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}
    scheduler.create_schedule(**settings, ScheduleExpression="rate(5 minutes)")
    schedules = Schedules(ACCOUNT_ID, clock_speed=60)
    for now in (100, 104, 105, 106, 110):
        schedules.fire(now)
    calls = eventually(lambda: len(plane.functions.invoked) == 2 and plane.functions.invoked)
    assert [payload for _, payload in calls] == [b'{"a":1}', b'{"a":1}']
    for unknown, where in (("cron(0 * * * ? *)", target), ("rate(5 minutes)", {**target, "Arn": "arn:aws:sqs:us-east-1:1:q"})):
        with pytest.raises(ClientError, match="does not implement"):
            scheduler.create_schedule(**{**settings, "Name": "other", "Target": where}, ScheduleExpression=unknown)


def test_an_event_that_fails_at_every_try_is_left_in_the_queue(plane: Plane, topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invocations, "ASYNCHRONOUS_WAITS", (0.0, 0.0))
    from local_aws.lambda_runner.function import InvocationResult

    plane.functions.answer = lambda function, payload: InvocationResult(b"{}", "Unhandled", b"", function.version, "r")
    sqs = plane.client("sqs")
    queue = sqs.create_queue(QueueName="dead")["QueueUrl"]
    plane.client("lambda").put_function_event_invoke_config(
        FunctionName="told", DestinationConfig={"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:dead"}}
    )
    plane.client("sns").publish(TopicArn=topic, Message="hello")
    [left] = eventually(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    body = json.loads(left["Body"])
    assert body["requestContext"]["approximateInvokeCount"] == 3
    assert body["requestPayload"]["Records"][0]["Sns"]["Message"] == "hello"
    assert values(plane, "AWS/Lambda", "Errors") == [1, 1, 1]
