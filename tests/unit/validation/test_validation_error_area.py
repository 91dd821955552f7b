"""Error objects are read in either spelling; a line that cannot be read is a finding and the others are still read."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest
from fake_lake import BUCKET, WINDOW, FakeLake, judged, sent_run

from schema import load
from validation.error_area import ErrorArea, ErrorProblem, ErrorRecord, error_type, parse_line
from validation.quarantine import group
from validation.reasons import ACCEPTED, NOT_ITS_INPUT, Explainer
from validation.storage import Storage

PAYLOAD = b'{"timestamp":"caf\xc3\xa9"}'
RAW = base64.b64encode(PAYLOAD).decode()
CODE = "Lambda.FunctionError"
SPELLINGS: list[dict[str, Any]] = [
    {
        "attemptsMade": "4",
        "arrivalTimestamp": "1795478400123",
        "errorCode": CODE,
        "errorMessage": "m",
        "attemptEndingTimestamp": "1795478400999",
        "rawData": RAW,
        "lambdaArn": "arn:x",
    },
    {
        "rawData": RAW,
        "errorCode": CODE,
        "errorMessage": "m",
        "attemptsMade": 4,
        "arrivalTimestamp": 1795478400123,
        "attemptEndingTimestamp": 1795478400999,
        "lambdaARN": "arn:x",
    },
    {"attemptsMade": 4, "arrivalTimestamp": 1795478400123, "ErrorCode": CODE, "ErrorMessage": "m", "rawData": RAW},
    {
        "attemptsMade": 4,
        "arrivalTimestamp": 1795478400123,
        "lastErrorCode": CODE,
        "lastErrorMessage": "m",
        "rawData": RAW,
    },
]


@pytest.mark.parametrize("document", SPELLINGS, ids=["documented", "captured", "conversion as documented", "conversion as captured"])
def test_every_spelling_gives_the_same_record(document: dict[str, Any]) -> None:
    found = parse_line(json.dumps(document).encode(), "processing-failed", "k", 7)
    assert isinstance(found, ErrorRecord)
    assert (found.code, found.message, found.payload, found.attempts, found.line) == (CODE, "m", PAYLOAD, 4, 7)
    assert found.arrival is not None
    assert found.arrival.isoformat() == "2026-11-24T00:00:00.123000+00:00"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "is not JSON"),
        (b"[1]", "is not a JSON object"),
        (b"{}", "has no rawData"),
        (b'{"rawData":5}', "rawData is not a string"),
        (b'{"rawData":"@@"}', "rawData is not base64"),
        (b'{"rawData":"","arrivalTimestamp":"soon"}', "'soon' is not a number"),
        (b'{"rawData":"","arrivalTimestamp":99999999999999999999}', ""),
        (b"\xff\xfe", "is not JSON"),
    ],
)
def test_a_line_that_is_no_record_is_a_problem_in_words(line: bytes, said: str) -> None:
    found = parse_line(line, "processing-failed", "k", 0)
    assert isinstance(found, ErrorProblem)
    assert said in found.said


def test_a_broken_line_fails_the_check_and_the_others_are_still_counted(lake: FakeLake) -> None:
    sent = sent_run()
    lake.know(sent)
    lake.deliver(sent)
    key = lake.put_errors([b'{"rawData":"' + RAW.encode(), b'{"rawData":"@"}', sent.error(None)])
    found = judged(lake.audit())
    assert found.failed == {"error_objects", "duplicates"}
    assert found.results["error_objects"].offenders == 2
    assert f"{key} row 1: rawData is not base64" in found.said("error_objects")
    assert found.sheet.empty.surplus == 1


def test_no_error_records_at_all_pass(lake: FakeLake) -> None:
    assert "error_objects" not in {*judged(lake.audit()).failed, *judged(lake.audit()).open}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("processing-failed/2026/11/23/x", "processing-failed"),
        ("2026/11/format-conversion-failed/x", "format-conversion-failed"),
        ("activePartitionExceeded/x", "activePartitionExceeded"),
        ("x", "unknown"),
    ],
)
def test_the_type_is_in_the_key(path: str, expected: str) -> None:
    assert error_type(path) == expected


def test_a_compressed_error_object_is_read(lake: FakeLake) -> None:
    lake.put(
        "errors/processing-failed/x.gz", gzip.compress(json.dumps(SPELLINGS[0]).encode() + b"\n\n" + json.dumps(SPELLINGS[1]).encode())
    )
    area = ErrorArea(Storage(lake.session, BUCKET), "errors/")
    found = [item for item in area.read(area.list()) if isinstance(item, ErrorRecord)]
    assert [item.line for item in found] == [0, 2]


def test_a_conversion_failure_is_an_event_that_should_have_been_a_row(lake: FakeLake) -> None:
    """Its payload is the flat record that the transform made, in which the identity is told as in a row."""
    sent = sent_run(events=40)
    lake.know(sent)
    event = sent.events("valid")[0]
    row = sent.row(event)
    flat = {**row, "event_datetime": f"{row['event_datetime'].isoformat(timespec='microseconds')}Z", "SKU": row["sku"]}
    record = sent.error(
        event, rawData=base64.b64encode(json.dumps(flat).encode()).decode(), errorCode=None, lastErrorCode="X.MalformedData"
    )
    lake.put_errors([record], "format-conversion-failed")
    found = judged(lake.audit())
    assert found.results["outcomes"].offenders == 1
    assert "format-conversion-failed, X.MalformedData, reason not derived" in found.said("outcomes")
    assert found.outcome("reasons").value == "passed"


def test_records_are_grouped_by_type_code_and_derived_reason(lake: FakeLake) -> None:
    sent = sent_run()
    bad, good = sent.events("bad_timestamp"), b'{"timestamp":"2026-11-23T00:00:00Z"}'
    lake.put_errors([sent.error(event) for event in bad])
    lake.put_errors([sent.error(None), sent.error(None, rawData=None)])
    lake.put_errors([sent.error(None, rawData=base64.b64encode(good).decode(), errorCode="Lambda.FunctionTimedOut")])
    lake.put_errors([sent.error(bad[0])], "format-conversion-failed")
    explainer = Explainer(load(), WINDOW)
    found = group(ErrorArea(Storage(lake.session, BUCKET), "errors/"), explainer, samples=2)
    assert [(item.type, item.reason, item.records, len(item.samples)) for item in found.groups] == [
        ("processing-failed", "bad_timestamp", len(bad), 2),
        ("processing-failed", "empty_value", 2, 2),
        ("format-conversion-failed", NOT_ITS_INPUT, 1, 1),
        ("processing-failed", ACCEPTED, 1, 1),
    ]


def test_a_date_outside_the_window_depends_on_the_arrival() -> None:
    from datetime import UTC, datetime

    record = ErrorRecord("processing-failed", "c", "m", b'{"timestamp":"2026-11-23T00:00:00Z"}', None, 1, "k", 0)
    explainer = Explainer(load(), WINDOW)
    assert explainer.reason(record, datetime(2026, 11, 23, tzinfo=UTC)) == ACCEPTED
    assert explainer.reason(record, datetime(2026, 11, 1, tzinfo=UTC)) == "timestamp_out_of_range"
