"""Firehose's envelope for an MSK source, dict in, dict out; what an event is and becomes is decided in `events`.

The shapes are those of the Firehose developer guide, "Transform source data in Amazon Data Firehose" and "Partition
streaming data" (`kafkaRecordValue` in and out, `recordId` echoed, `metadata.partitionKeys`), and of AWS's Lambda events
library for the MSK event. Every record that has an id is answered, in order:

- `Ok` with the flat record and the partition key, or
- `ProcessingFailed` with the value as it came, since the guide lists the payload among what every answer holds. A
  tombstone, and a value that is not base64 (which could spoil the batch's answer), come back as an empty payload.
  Firehose keeps the original in the error object either way.

Beyond the reasons of `events` there are three of the envelope: `bad_envelope`, `response_too_large`, `internal_error`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

import schema
from transform import settings
from transform.events import Outcome, Row, Transform
from transform.report import Report

RESPONSE_LIMIT: Final = 6 * 1024 * 1024
"""Bytes of a synchronous invocation's answer (Lambda quotas); ours stays below."""

BAD_ENVELOPE: Final = "bad_envelope"
"""The record is no object, has no id, or its value is neither absent nor base64 text."""
RESPONSE_TOO_LARGE: Final = "response_too_large"
"""The answer would exceed what Lambda may return, so the records with the largest payloads go to the error area."""
INTERNAL_ERROR: Final = "internal_error"
"""A fault of this function; the record waits in the error area for a redrive with a mended one."""

# What the runtime's JSON spends on an answer beyond id, payload and date; it writes ", " and ": ".
_OK_BYTES: Final = len('{"recordId": "", "result": "Ok", "kafkaRecordValue": "", "metadata": {"partitionKeys": {"": "YYYY-MM-DD"}}}, ')
_FAILED_BYTES: Final = len('{"recordId": "", "result": "ProcessingFailed", "kafkaRecordValue": ""}, ')
_AROUND_BYTES: Final = len('{"records": []}')


class NotAFirehoseEvent(ValueError):
    """The function was invoked with something else than Firehose's event."""


class Handler:
    """The function for one transform; the clock and the log come in as arguments."""

    def __init__(self, transform: Transform, function_name: str, write: Callable[[str], object], now_ms: Callable[[], int]) -> None:
        self._transform = transform
        self._key = transform.schema.partition_key.output
        self._function_name = function_name
        self._write = write
        self._now_ms = now_ms

    def __call__(self, event: Mapping[str, Any], context: object) -> dict[str, Any]:
        """Answer one batch.

        Raises:
            NotAFirehoseEvent: there is no list of records to answer.
        """
        records = event.get("records") if isinstance(event, Mapping) else None
        if not isinstance(records, list):
            raise NotAFirehoseEvent("The event has no list `records`: this function answers Firehose with an MSK source, and nobody else.")
        report = Report()
        report.received = len(records)
        answers, size = self._answers(records, report)
        if size >= RESPONSE_LIMIT:
            _fit(answers, size, records, report)
        report.accepted = report.received - report.rejected
        where = {
            "request_id": getattr(context, "aws_request_id", None),
            "invocation_id": event.get("invocationId"),
            "delivery_stream": event.get("deliveryStreamArn"),
        }
        self._log(report, {name: value for name, value in where.items() if value})
        return {"records": answers}

    def _log(self, report: Report, where: Mapping[str, Any]) -> None:
        """Write the invocation's line. The answers stand by now, so nothing that goes wrong here may take them along:
        a batch that raises is sent again, and would raise again."""
        try:
            self._write(report.line(self._function_name, self._now_ms(), where))
        except Exception as error:  # noqa: BLE001 - whatever the line's trouble is, the batch is answered
            trouble = {"report_lost": type(error).__name__, "received": report.received, "rejected": report.rejected}
            with suppress(Exception):
                self._write(json.dumps(trouble))

    def _answers(self, records: list[Any], report: Report) -> tuple[list[dict[str, Any]], int]:
        """An answer for each record that has an id, and what they all come to in bytes."""
        transform, now = self._transform, self._now_ms()
        metadata: dict[str, dict[str, dict[str, str]]] = {}
        answers: list[dict[str, Any]] = []
        size, ok_bytes = _AROUND_BYTES, _OK_BYTES + len(self._key)
        for record in records:
            try:
                encoded = record.get("kafkaRecordValue")
                value = a2b_base64(encoded, strict_mode=True) if encoded else _no_value(record, encoded)
                record_id = record["recordId"]
                size += len(record_id)
            except (AttributeError, KeyError, TypeError, ValueError):
                report.reject(BAD_ENVELOPE, record)
                if isinstance(record, dict) and "recordId" in record:
                    answers.append(_failed(record["recordId"], ""))
                    size += _FAILED_BYTES + len(str(record["recordId"]))
                continue
            outcome: Outcome | None = None
            note = ""
            try:
                arrival = record.get("approximateArrivalTimestamp")
                outcome = transform(value, arrival if type(arrival) is int else _arrival(record, now))
            except Exception as error:  # noqa: BLE001 - whatever one record does, its neighbours are answered
                note = type(error).__name__
            if not isinstance(outcome, Row):
                report.reject(outcome.reason if outcome else INTERNAL_ERROR, record, note)
                answers.append(_failed(record_id, encoded or ""))
                size += _FAILED_BYTES + len(encoded or "")
                continue
            payload = b2a_base64(outcome.record, newline=False).decode()
            day = outcome.event_date
            if day not in metadata:
                metadata[day] = {"partitionKeys": {self._key: day}}
            answers.append({"recordId": record_id, "result": "Ok", "kafkaRecordValue": payload, "metadata": metadata[day]})
            size += ok_bytes + len(payload)
        return answers, size


def _failed(record_id: Any, payload: str) -> dict[str, Any]:
    return {"recordId": record_id, "result": "ProcessingFailed", "kafkaRecordValue": payload}


def _no_value(record: dict[str, Any], encoded: object) -> bytes | None:
    """A tombstone or an empty value as None; anything else that is not text is no value at all."""
    if encoded not in (None, "") or ("data" in record and "kafkaRecordValue" not in record):
        raise TypeError("the value is neither absent nor text")
    return None


def _arrival(record: dict[str, Any], now_ms: int) -> int:
    """The arrival that Firehose repeats in the Kafka metadata; where that is missing too, this invocation's time."""
    kafka = record.get("mskRecordMetadata")
    arrival = kafka.get("approximateArrivalTimestamp") if isinstance(kafka, dict) else None
    return arrival if type(arrival) is int else now_ms


def _fit(answers: list[dict[str, Any]], size: int, records: list[Any], report: Report) -> None:
    """Bring the answer below the limit: leave out echoes, then fail the largest rows, as few as it takes.

    Raising instead would fail the whole batch, again and again; this way the rest is delivered and the error area holds
    what was left out, as it came.
    """
    by_id = {record["recordId"]: record for record in records if isinstance(record, dict) and isinstance(record.get("recordId"), str)}
    echoes_then_rows = sorted(
        range(len(answers)), key=lambda index: (answers[index]["result"] == "Ok", -len(answers[index]["kafkaRecordValue"]))
    )
    for index in echoes_then_rows:
        if size < RESPONSE_LIMIT:
            return
        answer = answers[index]
        size -= len(answer["kafkaRecordValue"])
        if answer["result"] == "Ok":
            size -= _OK_BYTES - _FAILED_BYTES
            report.reject(RESPONSE_TOO_LARGE, by_id.get(answer["recordId"]))
        answers[index] = _failed(answer["recordId"], "")


def _cold_start() -> Handler:
    """The deployed function's handler: the schema of the package, the window of the environment, the log on stdout.

    Raises:
        SettingsError, SchemaError: Lambda shows their message as the reason why the function does not start.
    """
    found = settings.read(os.environ)
    return Handler(Transform(schema.load(), found.window), found.function_name, _write_line, lambda: time.time_ns() // 1_000_000)


def _write_line(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


handler = _cold_start()
