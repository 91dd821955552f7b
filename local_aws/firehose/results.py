"""What a function's response says of each record.

Codes and messages: "Required parameters for data transformation" and "Monitor with CloudWatch Logs" (Lambda invocation
errors). Scope, as measured by others on AWS: a missing or repeated id, a missing value and a failed status concern that
record alone, ids that were not sent are ignored, results match by id in any order, and a response without a usable
`records` array leaves every record without its id. Not measured, decided here: an unknown result and a value that is
not base64 concern their record alone.

Partition keys are values of `metadata.partitionKeys`, strings. A key of the prefix that is missing, empty or no string
fails its record (seen on AWS as DynamicPartitioning.MetadataExtractionFailed); other keys are ignored.
"""

from __future__ import annotations

import binascii
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from local_aws.firehose.prefixes import EVALUATED_LIMIT, ErrorType, Prefix, shortest
from local_aws.firehose.records import Batch, Outcome, Rejected

FAILED_STATUS = ("Lambda.ProcessingFailedStatus", "ProcessingFailed status set for record")
MISSING_ID = (
    "Lambda.MissingRecordId",
    "One or more record Ids were not returned. Ensure that the Lambda function returns all received record Ids.",
)
DUPLICATED_ID = (
    "Lambda.DuplicatedRecordId",
    "Multiple records were returned with the same record ID. Ensure that the Lambda function returns unique record IDs for each record.",
)
NO_VALUE = (
    "Lambda.InvalidReturnFormat",
    "The data field cannot be null when the SourceType is DirectPut or KinesisStreamAsSource and processing result is Ok. "
    "The value field cannot be null when the SourceType is MSKAsSource and processing result is Ok.",
)
BAD_RESULT = (
    "Lambda.FunctionError",
    "Check your function and make sure the output is in required format. In addition to that, make sure the processed records "
    "contain valid result status of Dropped, Ok, or ProcessingFailed.",
)
BAD_VALUE = (
    "Lambda.JsonMappingException",
    "There was an error parsing returned records from the Lambda function: kafkaRecordValue is not base64 text.",
)
BAD_KEYS = ("DynamicPartitioning.MetadataExtractionFailed", "partitionKeys values must not be null or empty")
LONG_PREFIX = (BAD_KEYS[0], f"The evaluated prefix is longer than {EVALUATED_LIMIT} characters.")

_Code = tuple[str, str]


class _Metadata(msgspec.Struct, gc=False):
    partitionKeys: dict[str, str] | None = None


class _Result(msgspec.Struct, gc=False):
    recordId: str
    result: str
    kafkaRecordValue: bytes | None = None
    metadata: _Metadata | None = None


class _Response(msgspec.Struct):
    records: list[_Result]


_decode = msgspec.json.Decoder(_Response).decode
_generic = msgspec.json.Decoder().decode


def classify(batch: Batch, ids: Sequence[str], response: bytes, prefix: Prefix) -> Outcome:
    """Sort a batch's records by what the function said of each."""
    found = _results(response)
    if (usual := _all_good(batch, ids, found, prefix)) is not None:
        return usual
    return _sort(batch, _match(found, ids), prefix)


def _all_good(batch: Batch, ids: Sequence[str], found: Sequence[_Result | _Broken], prefix: Prefix) -> Outcome | None:
    """The outcome where every record is Ok, in order, with its keys, as nearly always; None where one needs a closer look."""
    try:
        payloads = [result.kafkaRecordValue for result in found]  # type: ignore[union-attr]
        if [result.recordId for result in found] != ids or {result.result for result in found} != {"Ok"}:  # type: ignore[union-attr]
            return None
        columns = [[result.metadata.partitionKeys[name] for result in found] for name in prefix.lambda_keys]  # type: ignore[union-attr, index]
    except (AttributeError, KeyError, TypeError):
        return None
    if None in payloads or any("" in column for column in columns):
        return None
    outcome = Outcome(batch, payloads, _grouped(columns, len(ids)))  # type: ignore[arg-type]
    refuse_long_prefixes(outcome, prefix)
    return outcome


def _grouped(columns: Sequence[Sequence[str]], count: int) -> dict[tuple[str, ...], list[int]]:
    """The places of each combination of keys."""
    if all(len(set(column)) == 1 for column in columns):
        return {tuple(column[0] for column in columns): list(range(count))}
    groups: dict[tuple[str, ...], list[int]] = {}
    for index, keys in enumerate(zip(*columns, strict=True)):
        group = groups.get(keys)
        if group is None:
            groups[keys] = [index]
        else:
            group.append(index)
    return groups


class _Broken(msgspec.Struct):
    """A result that says nothing usable about its record."""

    recordId: str
    code: _Code


def _results(response: bytes) -> list[_Result | _Broken]:
    try:
        return list(_decode(response).records)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        value = _generic(response)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    records = value.get("records") if isinstance(value, dict) else None
    return [_result(record) for record in records if _has_id(record)] if isinstance(records, list) else []


def _has_id(record: Any) -> bool:
    return isinstance(record, dict) and isinstance(record.get("recordId"), str)


def _result(record: dict[str, Any]) -> _Result | _Broken:
    record_id, status, value = record["recordId"], record.get("result"), record.get("kafkaRecordValue")
    if not isinstance(status, str):
        return _Broken(record_id, BAD_RESULT)
    payload: bytes | None = None
    if value is not None and status == "Ok":
        try:
            payload = binascii.a2b_base64(value, strict_mode=True) if isinstance(value, str) else None
        except (binascii.Error, ValueError):
            payload = None
        if payload is None:
            return _Broken(record_id, BAD_VALUE)
    metadata = record.get("metadata")
    keys = metadata.get("partitionKeys") if isinstance(metadata, dict) else None
    texts = {name: key for name, key in keys.items() if isinstance(key, str)} if isinstance(keys, dict) else None
    return _Result(record_id, status, payload, _Metadata(texts))


def _match(found: Sequence[_Result | _Broken], ids: Sequence[str]) -> list[_Result | _Code]:
    seen = Counter(result.recordId for result in found)
    by_id = {result.recordId: result for result in found}
    ordered: list[_Result | _Code] = []
    for record_id in ids:
        result = by_id.get(record_id)
        if result is None:
            ordered.append(MISSING_ID)
        elif seen[record_id] > 1:
            ordered.append(DUPLICATED_ID)
        else:
            ordered.append(result.code if isinstance(result, _Broken) else result)
    return ordered


def _sort(batch: Batch, results: Sequence[_Result | _Code], prefix: Prefix) -> Outcome:
    names = prefix.lambda_keys
    outcome = Outcome(batch, payloads=[b""] * len(results))
    payloads: list[bytes] = outcome.payloads  # type: ignore[assignment]
    groups = outcome.groups
    values = batch.values
    for index, result in enumerate(results):
        if isinstance(result, tuple):
            outcome.rejected.append(Rejected(index, ErrorType.PROCESSING_FAILED, *result, values[index]))
        elif result.result == "Ok":
            payload = result.kafkaRecordValue
            if payload is None:
                outcome.rejected.append(Rejected(index, ErrorType.PROCESSING_FAILED, *NO_VALUE, values[index]))
                continue
            keys = _keys(result.metadata, names) if names else ()
            if keys is None:
                outcome.rejected.append(Rejected(index, ErrorType.METADATA_EXTRACTION_FAILED, *BAD_KEYS, payload))
                continue
            payloads[index] = payload
            group = groups.get(keys)
            if group is None:
                groups[keys] = [index]
            else:
                group.append(index)
        elif result.result == "Dropped":
            object.__setattr__(outcome, "dropped", outcome.dropped + 1)
        else:
            code = FAILED_STATUS if result.result == "ProcessingFailed" else BAD_RESULT
            outcome.rejected.append(Rejected(index, ErrorType.PROCESSING_FAILED, *code, values[index]))
    refuse_long_prefixes(outcome, prefix)
    return outcome


def _keys(metadata: _Metadata | None, names: Sequence[str]) -> tuple[str, ...] | None:
    found = metadata.partitionKeys if metadata is not None else None
    if not found:
        return None
    keys = tuple([found.get(name, "") for name in names])
    return keys if all(keys) else None


def refuse_long_prefixes(outcome: Outcome, prefix: Prefix) -> None:
    """Reject the records whose evaluated prefix S3 would not take; while keys of a query are missing, by the rest."""
    for keys in [keys for keys in outcome.groups if shortest(prefix, keys) > EVALUATED_LIMIT]:
        for index in outcome.groups.pop(keys):
            outcome.rejected.append(Rejected(index, ErrorType.METADATA_EXTRACTION_FAILED, *LONG_PREFIX, outcome.payloads[index]))


def all_failed(batch: Batch, code: str, message: str, attempts: int) -> Outcome:
    """The outcome of a batch whose invocation failed for good."""
    rejected = [Rejected(index, ErrorType.PROCESSING_FAILED, code, message, value, attempts) for index, value in enumerate(batch.values)]
    return Outcome(batch, batch.values, rejected=rejected)


def untransformed(batch: Batch) -> Outcome:
    """The outcome of a batch of a stream without a function: all records pass as they are."""
    return Outcome(batch, batch.values, {(): list(range(len(batch.values)))})
