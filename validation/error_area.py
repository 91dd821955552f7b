"""Firehose's error objects, read as records: one JSON document a line, objects without an extension.

AWS's pages and objects seen in the wild disagree on names (`lambdaArn` and `lambdaARN`; `errorCode`, `ErrorCode` and
`lastErrorCode`) and on types (numbers as numbers or as strings), see the developer guide's "Data transformation failure
handling" and "Record format conversion error handling". So names are compared without case, either spelling is taken,
and numbers are read from either form. A line that cannot be read is a finding; the other lines are still read.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pyarrow as pa

from validation.errors import ObjectUnavailable
from validation.storage import Storage, StoredObject

PROCESSING_FAILED = "processing-failed"
CONVERSION_FAILED = "format-conversion-failed"
KNOWN_TYPES = frozenset(
    {
        PROCESSING_FAILED,
        CONVERSION_FAILED,
        "metadata-extraction-failed",
        "activePartitionExceeded",
        "http-endpoint-failed",
        "splunk-failed",
        "AmazonOpenSearchService-failed",
    }
)
"""What `!{firehose:error-output-type}` evaluates to (developer guide, "Custom prefixes for Amazon S3 objects" and "Dynamic
partitioning data delivery errors")."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GZIP = b"\x1f\x8b"
_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True)
class ErrorRecord:
    """One record that Firehose could not deliver as data."""

    type: str
    """The error output type, from the object's key, e.g. `processing-failed`."""
    code: str
    message: str
    payload: bytes
    """What the failed stage was given: the event as it was sent, or after a conversion failure the Lambda's output."""
    arrival: datetime | None
    """When the record arrived, UTC; None where the object does not say."""
    attempts: int | None
    key: str
    line: int
    """From 0."""


@dataclass(frozen=True)
class ErrorProblem:
    """A line, or (where `line` is None) a whole error object, that cannot be read."""

    key: str
    line: int | None
    said: str
    available: bool = True
    """False where the object could not be fetched, so nothing is known of it."""


@dataclass(frozen=True)
class ErrorObjectRead:
    """One error object came to its end."""

    source: StoredObject
    lines: int


class ErrorArea:
    """The error objects of one bucket under one prefix."""

    def __init__(self, storage: Storage, prefix: str) -> None:
        self.storage = storage
        self.prefix = prefix

    def list(self) -> list[StoredObject]:
        """The error objects there are now.

        Raises:
            StorageRefused: the prefix cannot be listed.
        """
        return self.storage.list(self.prefix)

    def read(self, objects: Iterable[StoredObject]) -> Iterator[ErrorRecord | ErrorProblem | ErrorObjectRead]:
        """The records of each object in turn; what cannot be read comes in between."""
        for source, content in self.storage.fetch_all(objects):
            if isinstance(content, ObjectUnavailable):
                yield ErrorProblem(source.key, None, content.message, available=False)
                continue
            kind, number = error_type(source.key[len(self.prefix) :]), -1
            try:
                for number, line in enumerate(_lines(content)):
                    if line.strip():
                        yield parse_line(line, kind, source.key, number)
            except (OSError, EOFError, zlib.error) as error:
                yield ErrorProblem(source.key, None, f"is not whole after {number + 1:,} lines ({error})")
                continue
            yield ErrorObjectRead(source, number + 1)


def error_type(path: str) -> str:
    """The error output type in a path below the error prefix: the first known one, else the first folder."""
    folders = path.split("/")[:-1]
    return next((folder for folder in folders if folder in KNOWN_TYPES), folders[0] if folders else "unknown")


def parse_line(line: bytes, kind: str, key: str, number: int) -> ErrorRecord | ErrorProblem:
    """One line of an error object."""
    try:
        document = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return ErrorProblem(key, number, f"is not JSON ({error})")
    if not isinstance(document, dict):
        return ErrorProblem(key, number, "is not a JSON object")
    folded = {name.lower(): value for name, value in document.items()}
    try:
        payload = _payload(folded)
        arrival = _number(folded.get("arrivaltimestamp"))
        return ErrorRecord(
            type=kind,
            code=str(_first(folded, "errorcode", "lasterrorcode") or ""),
            message=str(_first(folded, "errormessage", "lasterrormessage") or ""),
            payload=payload,
            arrival=None if arrival is None else _EPOCH + timedelta(milliseconds=arrival),
            attempts=_number(folded.get("attemptsmade")),
            key=key,
            line=number,
        )
    except (ValueError, OverflowError) as error:
        return ErrorProblem(key, number, str(error))


def _lines(content: pa.Buffer) -> Iterator[bytes]:
    stream = pa.BufferReader(content)
    return iter(gzip.GzipFile(fileobj=stream) if content.slice(0, 2).to_pybytes() == _GZIP else io.BufferedReader(stream))


def _payload(folded: Mapping[str, Any]) -> bytes:
    raw = folded.get("rawdata", ...)
    if raw is ...:
        raise ValueError("has no rawData")
    if raw is None:
        return b""
    if not isinstance(raw, str):
        raise ValueError("rawData is not a string")
    try:
        return base64.b64decode(raw, validate=True)
    except binascii.Error as error:
        raise ValueError(f"rawData is not base64 ({error})") from None


def _first(folded: Mapping[str, Any], *names: str) -> Any:
    return next((folded[name] for name in names if folded.get(name) is not None), None)


def _number(value: Any) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(f"{value!r} is not a number")
    try:
        return int(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a number") from None
