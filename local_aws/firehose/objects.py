"""From a closed buffer to the bodies and names of its objects.

One object of good records, concatenated as they are ("Understand data delivery", data delivery format) or converted;
and one error object where records did not convert. Names: "Configure Amazon S3 object name format". Content types and
encodings are those measured by others: `application/octet-stream`, `gzip`, and `hadoop-snappy` on Parquet objects although
their body is ordinary Parquet. The latter is left out: a client that believes it cannot read the object.
"""

from __future__ import annotations

import gzip
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from local_aws.firehose import parquet
from local_aws.firehose.buffers import Closed
from local_aws.firehose.conversion import Converted, Converter
from local_aws.firehose.conversion_settings import Conversion
from local_aws.firehose.errors_output import conversion_line
from local_aws.firehose.prefixes import ErrorType, Instance, object_name
from local_aws.firehose.schema_source import Schema


@dataclass(frozen=True)
class S3Object:
    """One object to put."""

    prefix: str
    key: str
    body: bytes
    encoding: str | None
    kind: str
    records: int
    offsets: dict[int, list[int]]


class ObjectMaker:
    """Makes objects. Safe to use from several threads."""

    def __init__(self, unique: Callable[[], str] = lambda: str(uuid.uuid4())) -> None:
        self._unique = unique
        self._converters = threading.local()

    def plain(self, closed: Closed) -> S3Object:
        """Error lines, or records of a stream without conversion."""
        destination = closed.configuration.destination
        payloads = [payload for one in closed.slices for payload in one.payloads]
        is_error = closed.error_type is not None
        delimiter = b"" if is_error else destination.delimiter
        body = b"".join([payload + delimiter for payload in payloads]) if delimiter else b"".join(payloads)
        zipped = destination.compression == "GZIP"
        return self._named(
            closed,
            closed.error_type,
            gzip.compress(body, 6, mtime=0) if zipped else body,
            encoding="gzip" if zipped else None,
            extension="" if is_error else destination.extension,
            offsets=closed.offsets(),
        )

    def converted(self, closed: Closed, conversion: Conversion, schema: Schema, now_ms: int) -> tuple[list[S3Object], Converted]:
        """The Parquet object and the error object, each where it has records."""
        payloads = [payload for one in closed.slices for payload in one.payloads]
        result = self._converter(conversion, schema).convert(payloads)
        made: list[S3Object] = []
        failed = {failure.index for failure in result.failures}
        if len(failed) < len(payloads):
            made.append(
                self._named(
                    closed,
                    None,
                    parquet.write(result.table, conversion.parquet),
                    encoding=None,
                    extension=closed.configuration.destination.extension,
                    offsets=_without(closed, failed) if failed else closed.offsets(),
                )
            )
        if failed:
            made.append(self._conversion_errors(closed, payloads, result, schema, now_ms))
        return made, result

    def _converter(self, conversion: Conversion, schema: Schema) -> Converter:
        """This thread's converter for the schema; it has learnt how the records spell their keys."""
        key = (conversion.openx.case_insensitive, conversion.openx.dots_to_underscores, str(conversion.openx.json_keys), schema.columns)
        known = getattr(self._converters, "known", None)
        if known is None or known[0] != key:
            known = self._converters.known = (key, Converter(schema.columns, conversion.openx))
        converter: Converter = known[1]
        return converter

    def _conversion_errors(self, closed: Closed, payloads: Sequence[bytes], result: Converted, schema: Schema, now_ms: int) -> S3Object:
        places = [
            (one.partition, offset, arrival) for one in closed.slices for offset, arrival in zip(one.offsets, one.arrivals, strict=True)
        ]
        lines: list[bytes] = []
        offsets: dict[int, list[int]] = {}
        oldest = min(places[failure.index][2] for failure in result.failures)
        for failure in result.failures:
            partition, offset, arrival = places[failure.index]
            offsets.setdefault(partition, []).append(offset)
            lines.append(
                conversion_line(
                    closed.configuration,
                    code=failure.code,
                    message=failure.message,
                    raw=payloads[failure.index],
                    offset=offset,
                    arrival_ms=arrival,
                    ended_ms=now_ms,
                    version=schema.version,
                )
            )
        return self._named(
            closed, ErrorType.FORMAT_CONVERSION_FAILED, b"".join(lines), encoding=None, extension="", offsets=offsets, oldest_ms=oldest
        )

    def _named(
        self,
        closed: Closed,
        error_type: ErrorType | None,
        body: bytes,
        *,
        encoding: str | None,
        extension: str,
        offsets: dict[int, list[int]],
        oldest_ms: int | None = None,
    ) -> S3Object:
        configuration = closed.configuration
        destination = configuration.destination
        instance = Instance(closed.oldest_ms if oldest_ms is None else oldest_ms, destination.zone, closed.keys, error_type)
        prefix = destination.prefix.evaluate(instance) if error_type is None else destination.error_prefix.evaluate_error(instance)
        name = object_name(
            configuration.name,
            configuration.version_id,
            oldest_ms=instance.oldest_ms,
            zone=destination.zone,
            unique=self._unique(),
            extension=extension,
        )
        kind = "data" if error_type is None else error_type.value
        return S3Object(prefix, prefix + name, body, encoding, kind, sum(map(len, offsets.values())), offsets)


def _without(closed: Closed, failed: set[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    index = 0
    for one in closed.slices:
        kept = [offset for place, offset in enumerate(one.offsets, index) if place not in failed]
        index += len(one.offsets)
        if kept:
            found.setdefault(one.partition, []).extend(kept)
    return found
