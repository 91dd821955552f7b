"""Firehose's envelope: every record is answered, by itself, and the answer fits."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from schema import Schema
from tests.unit.transform.transform_cases import cases
from transform.events import Outcome, Row, Transform
from transform.handler import RESPONSE_LIMIT, Handler, NotAFirehoseEvent, handler
from transform.window import AcceptedWindow

GOOD = b'{"timestamp":"2023-10-23T12:34:56Z","event_name":"view"}'
FLAT = (
    b'{"event_datetime":"2023-10-23T12:34:56Z","event_date":"2023-10-23","event_name":"view",'
    b'"user_id":null,"platform":null,"product_name":null,"SKU":null}'
)
ARRIVAL_MS = 1_795_514_400_000
Records = list[dict[str, Any]]


class Lambda:
    """The handler with its log kept."""

    def __init__(self, transform: Callable[[bytes | None, int], Outcome]) -> None:
        self.lines: list[str] = []
        self._handler = Handler(transform, "user-events", self.lines.append, lambda: ARRIVAL_MS)  # type: ignore[arg-type]

    def __call__(self, *records: Any) -> Records:
        answer = self._handler({"invocationId": "i-1", "deliveryStreamArn": "arn:stream", "records": list(records)}, None)
        assert list(answer) == ["records"]
        found: Records = answer["records"]
        return found

    @property
    def log(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.lines[-1])
        return document


@pytest.fixture
def function(transform: Transform) -> Lambda:
    return Lambda(transform)


def encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def record(number: int, value: bytes | None = GOOD, arrival_ms: int = ARRIVAL_MS) -> dict[str, Any]:
    """A record as Firehose sends it for an MSK source."""
    return {
        "recordId": f"{number:056d}",
        "approximateArrivalTimestamp": arrival_ms,
        "mskRecordMetadata": {"offset": str(number), "partitionId": "3", "approximateArrivalTimestamp": arrival_ms},
        "kafkaRecordValue": None if value is None else encoded(value),
    }


def test_a_good_record_is_ok_with_its_partition_key(function: Lambda) -> None:
    assert function(record(1)) == [
        {
            "recordId": f"{1:056d}",
            "result": "Ok",
            "kafkaRecordValue": encoded(FLAT),
            "metadata": {"partitionKeys": {"event_date": "2023-10-23"}},
        }
    ]


def test_a_bad_record_is_processing_failed_with_its_value_as_it_came(function: Lambda) -> None:
    assert function(record(1, b"not JSON")) == [
        {"recordId": f"{1:056d}", "result": "ProcessingFailed", "kafkaRecordValue": encoded(b"not JSON")}
    ]


def test_a_tombstone_is_processing_failed_with_an_empty_value(function: Lambda) -> None:
    without = {name: value for name, value in record(3).items() if name != "kafkaRecordValue"}
    answers = function(record(1, None), record(2, b""), without)
    assert [(answer["result"], answer["kafkaRecordValue"]) for answer in answers] == [("ProcessingFailed", "")] * 3
    assert function.log["reasons"] == {"empty_value": 3}


def test_every_record_is_answered_in_order_and_no_bad_one_touches_another(function: Lambda) -> None:
    values = [case.value for case in cases() if case.reason]
    mixed = [item for number, value in enumerate(values) for item in (record(2 * number), record(2 * number + 1, value))]
    answers = function(*mixed)
    assert [answer["recordId"] for answer in answers] == [item["recordId"] for item in mixed]
    assert {answer["kafkaRecordValue"] for answer in answers[::2]} == {encoded(FLAT)}


@pytest.mark.parametrize(
    "broken",
    [
        {**record(7), "kafkaRecordValue": "***"},
        {**record(7), "kafkaRecordValue": encoded(GOOD) + "="},
        {**record(7), "kafkaRecordValue": encoded(GOOD)[:-1]},
        {**record(7), "kafkaRecordValue": "é"},
        {**record(7), "kafkaRecordValue": 5},
        {**record(7), "kafkaRecordValue": {"a": 1}},
        {**record(7), "kafkaRecordValue": []},
        {**record(7), "kafkaRecordValue": False},
        {"recordId": f"{7:056d}", "data": encoded(GOOD)},
        {**record(7), "recordId": 7},
    ],
    ids=lambda broken: json.dumps(broken)[-40:],
)
def test_a_record_whose_envelope_is_broken_fails_alone(broken: dict[str, Any], function: Lambda) -> None:
    before, failed, after = function(record(1), broken, record(2))
    assert (before["result"], after["result"]) == ("Ok", "Ok")
    assert failed == {"recordId": broken["recordId"], "result": "ProcessingFailed", "kafkaRecordValue": ""}
    assert function.log["reasons"] == {"bad_envelope": 1}


@pytest.mark.parametrize("broken", [None, 5, "record", [], {}, {"kafkaRecordValue": encoded(GOOD)}])
def test_a_record_without_an_id_cannot_be_answered_and_is_counted(broken: Any, function: Lambda) -> None:
    assert [answer["result"] for answer in function(record(1), broken, record(2))] == ["Ok", "Ok"]
    assert function.log["reasons"] == {"bad_envelope": 1}


@pytest.mark.parametrize(
    "odd",
    [
        {**record(7, b"not JSON"), "recordId": "half \ud800 of a pair"},
        {**record(7, b"not JSON"), "mskRecordMetadata": {"offset": "\udfff", "partitionId": "\ud800"}},
    ],
    ids=["record_id", "metadata"],
)
def test_half_a_surrogate_pair_in_a_rejected_record_loses_neither_the_batch_nor_the_line(odd: dict[str, Any], function: Lambda) -> None:
    assert [answer["result"] for answer in function(record(1), odd, record(2))] == ["Ok", "ProcessingFailed", "Ok"]
    (sample,) = function.log["samples"]["not_json"]
    assert "\\ud800" in json.dumps(sample)


def test_an_invocation_s_own_names_may_hold_half_a_surrogate_pair(transform: Transform) -> None:
    lines: list[str] = []
    answer = Handler(transform, "user-events", lines.append, lambda: ARRIVAL_MS)({"invocationId": "\ud800", "records": [record(1)]}, None)
    assert answer["records"][0]["result"] == "Ok"
    assert json.loads(lines[0])["invocation_id"] == "\\ud800"


def test_a_log_line_that_cannot_be_written_is_told_and_costs_no_batch(transform: Transform) -> None:
    lines: list[str] = []

    def refuses_the_first(line: str) -> None:
        lines.append(line)
        if len(lines) == 1:
            raise OSError("the log is gone")

    answer = Handler(transform, "user-events", refuses_the_first, lambda: ARRIVAL_MS)({"records": [record(1), record(2, b"x")]}, None)
    assert [one["result"] for one in answer["records"]] == ["Ok", "ProcessingFailed"]
    assert json.loads(lines[1]) == {"report_lost": "OSError", "received": 2, "rejected": 1}


def test_a_log_that_takes_nothing_at_all_costs_no_batch(transform: Transform) -> None:
    def refuses(_line: str) -> None:
        raise OSError("the log is gone")

    answer = Handler(transform, "user-events", refuses, lambda: ARRIVAL_MS)({"records": [record(1)]}, None)
    assert answer["records"][0]["result"] == "Ok"


def test_the_window_is_that_of_the_record_s_own_arrival(function: Lambda) -> None:
    event = b'{"timestamp":"2026-11-24T12:00:00Z"}'
    a_week = 7 * 86_400_000
    results = [answer["result"] for answer in function(record(1, event), record(2, event, ARRIVAL_MS - a_week))]
    assert results == ["Ok", "ProcessingFailed"]


def test_an_arrival_that_is_missing_is_taken_from_the_kafka_metadata_or_is_now(function: Lambda) -> None:
    event = b'{"timestamp":"2026-11-24T12:00:00Z"}'
    old = ARRIVAL_MS - 7 * 86_400_000
    from_metadata = {**record(1, event, old), "approximateArrivalTimestamp": None}
    now = {"recordId": "2", "kafkaRecordValue": encoded(event)}
    odd = {**now, "recordId": "3", "approximateArrivalTimestamp": "today", "mskRecordMetadata": "none"}
    assert [answer["result"] for answer in function(from_metadata, now, odd)] == ["ProcessingFailed", "Ok", "Ok"]


def test_a_fault_of_the_transform_fails_one_record_alone(transform: Transform) -> None:
    class Faulty(Transform):
        def __call__(self, value: bytes | None, arrival_ms: int) -> Outcome:
            if value == b"fault":
                raise ZeroDivisionError
            return super().__call__(value, arrival_ms)

    function = Lambda(Faulty(transform.schema, transform.window))
    assert [answer["result"] for answer in function(record(1), record(2, b"fault"), record(3))] == ["Ok", "ProcessingFailed", "Ok"]
    assert function.log["samples"]["internal_error"][0]["note"] == "ZeroDivisionError"


@pytest.mark.parametrize("event", [{}, {"records": None}, {"Records": []}, []])
def test_an_event_that_is_not_firehose_s_is_refused_in_words(event: Any) -> None:
    with pytest.raises(NotAFirehoseEvent, match="Firehose with an MSK source"):
        handler(event, None)


def test_the_deployed_handler_answers_and_writes_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert handler({"records": [record(1)]}, None)["records"][0]["result"] == "Ok"
    assert json.loads(capsys.readouterr().out)["RecordsAccepted"] == 1


def test_the_partition_key_has_the_schema_s_name(user_events: Schema) -> None:
    fields = tuple(
        type(field)("day" if field.partition_key else field.output, field.input, field.type, field.nullable, field.partition_key, "")
        for field in user_events.fields
    )
    function = Lambda(Transform(Schema("days", "", fields), AcceptedWindow()))
    assert function(record(1))[0]["metadata"] == {"partitionKeys": {"day": "2023-10-23"}}


# The answer's size


def written(answers: Records) -> int:
    """Bytes of the answer as the Lambda runtime writes it."""
    return len(json.dumps({"records": answers}))


def test_an_answer_that_would_be_too_large_loses_its_echoes_first(function: Lambda) -> None:
    bad, good = b"x" * 500_000, GOOD
    answers = function(*(record(number, bad if number % 2 else good) for number in range(20)))
    assert written(answers) < RESPONSE_LIMIT
    assert [answer["result"] for answer in answers] == ["Ok", "ProcessingFailed"] * 10
    assert function.log["reasons"] == {"not_json": 10}
    assert any(answer["kafkaRecordValue"] for answer in answers[1::2]), "no more is left out than it takes"


def test_then_the_largest_rows_fail_and_the_others_are_delivered(function: Lambda) -> None:
    def event(size: int) -> bytes:
        return json.dumps({"timestamp": "2023-10-23T12:34:56Z", "event_name": "x" * size}).encode()

    sizes = [10, 2_000_000, 20, 2_000_000, 900_000, 30]
    answers = function(*(record(number, event(size)) for number, size in enumerate(sizes)))
    assert written(answers) < RESPONSE_LIMIT
    assert [answer["result"] for answer in answers] == ["Ok", "ProcessingFailed", "Ok", "Ok", "Ok", "Ok"]
    assert function.log["reasons"] == {"response_too_large": 1}
    assert function.log["samples"]["response_too_large"] == [{"partition": "3", "offset": "1", "record_id": f"{1:056d}"}]
    assert function.log["RecordsAccepted"] == 5


@pytest.mark.parametrize("count", [18_000, 26_000])
def test_many_small_records_stay_below_the_limit(count: int, function: Lambda) -> None:
    answers = function(*[record(number, b'{"timestamp":"2023-10-23T12:34:56Z"}') for number in range(count)])
    assert len(answers) == count
    assert written(answers) < RESPONSE_LIMIT


# The log line


def test_the_log_line_is_in_the_embedded_metric_format(function: Lambda) -> None:
    function(
        record(1),
        record(2, b"no"),
        record(3, b"{}"),
        record(4, b'{"timestamp":1}'),
        record(5, b'{"timestamp":"2023-10-23T12:34:56Z","event_name":1}'),
    )
    (line,) = function.lines
    assert "\n" not in line
    log = function.log
    (directive,) = log["_aws"]["CloudWatchMetrics"]
    assert log["_aws"]["Timestamp"] == ARRIVAL_MS
    assert (directive["Namespace"], directive["Dimensions"], log["FunctionName"]) == (
        "UserEvents/Transform",
        [["FunctionName"]],
        "user-events",
    )
    metrics = {metric["Name"]: log[metric["Name"]] for metric in directive["Metrics"]}
    assert metrics == {
        "RecordsReceived": 5,
        "RecordsAccepted": 1,
        "RecordsRejected": 4,
        "Rejected.not_json": 1,
        "Rejected.missing_timestamp": 1,
        "Rejected.wrong_type": 2,
    }
    assert log["reasons"]["wrong_type:timestamp"] == 1
    assert (log["invocation_id"], log["delivery_stream"]) == ("i-1", "arn:stream")


def test_the_samples_of_a_reason_are_few_and_hold_no_content(function: Lambda) -> None:
    function(*(record(number, b"secret %d" % number) for number in range(50)))
    assert [sample["offset"] for sample in function.log["samples"]["not_json"]] == ["0", "1", "2"]
    assert not re.search(encoded(b"secret")[:6] + "|secret", function.lines[-1])


def test_rows_are_what_the_transform_makes(function: Lambda, transform: Transform) -> None:
    values = [case.value for case in cases() if case.row and case.window == transform.window]
    for value, answer in zip(values, function(*(record(number, value) for number, value in enumerate(values))), strict=True):
        outcome = transform(value, ARRIVAL_MS)
        if isinstance(outcome, Row):
            assert base64.b64decode(answer["kafkaRecordValue"]) == outcome.record
            assert answer["metadata"] == {"partitionKeys": {"event_date": outcome.event_date}}
