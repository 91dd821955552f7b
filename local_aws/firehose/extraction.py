"""Partition keys by inline jq: a MetadataExtraction processor's query, and the records that it sorts.

"Dynamic partitioning: partitioning keys" gives the parameters (`MetadataExtractionQuery`, `JsonParsingEngine` JQ-1.6) and
the use (`!{partitionKeyFromQuery:key}`); "Configure destination settings" the place: after the transformation, before
conversion, wherever the processor stands in the list. A record that cannot be parsed or whose keys cannot be extracted
goes to the error prefix ("Troubleshoot dynamic partitioning"); the code and the message for null and empty keys are those
seen on AWS. Unknown and decided here: numbers and booleans become text as jq writes them, arrays and objects are no key,
a query must give exactly one object a record, and every failure has the one code.

The engine is jq's own library in a newer version than 1.6; what 1.7 and 1.8 changed shows in number formats and error
texts, and a builtin that 1.6 lacks is not refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jq

from local_aws.firehose.prefixes import ErrorType, Prefix
from local_aws.firehose.records import Outcome, Rejected
from local_aws.firehose.results import BAD_KEYS, refuse_long_prefixes

ENGINE = "JQ-1.6"
"""The one value of `JsonParsingEngine` that the API knows."""


class BadQuery(ValueError):
    """The query does not compile; the text is jq's."""


class Unextractable(ValueError):
    """A record gives no usable keys; the text says why."""


class Extraction:
    """One compiled query, for the keys of one prefix. Safe to use from several threads."""

    def __init__(self, query: str, prefix: Prefix) -> None:
        """Compile.

        Raises:
            BadQuery: jq refuses the query.
        """
        self._prefix = prefix
        self._program = compile_query(query)

    def extract(self, outcome: Outcome) -> Outcome:
        """The outcome with its groups split by the keys of the query; records without usable keys are rejected.

        The payloads of rejected records are what the function returned: the processor received nothing else.
        """
        groups: dict[tuple[str, ...], list[int]] = {}
        rejected: list[Rejected] = []
        for keys, places in outcome.groups.items():
            for place in places:
                try:
                    extracted = self._keys(outcome.payloads[place])
                except Unextractable as error:
                    message = BAD_KEYS[1] if str(error) == BAD_KEYS[1] else f"{_FAILED} {error}"
                    payload = outcome.payloads[place]
                    rejected.append(Rejected(place, ErrorType.METADATA_EXTRACTION_FAILED, BAD_KEYS[0], message, payload))
                else:
                    groups.setdefault(keys + extracted, []).append(place)
        sorted_out = Outcome(
            outcome.batch, outcome.payloads, groups, sorted([*outcome.rejected, *rejected], key=_place), outcome.dropped, outcome.ended_ms
        )
        refuse_long_prefixes(sorted_out, self._prefix)
        return sorted_out

    def _keys(self, payload: bytes) -> tuple[str, ...]:
        try:
            text = payload.decode()
            results = self._program.input_text(text).all()
        except UnicodeDecodeError as error:
            raise Unextractable("The record is not UTF-8.") from error
        except ValueError as error:
            raise Unextractable(str(error)) from error
        if len(results) != 1 or not isinstance(results[0], dict):
            raise Unextractable("The query must give one object a record.")
        return tuple([_text(results[0], name) for name in self._prefix.query_keys])


_FAILED = "The partition keys could not be extracted:"


def compile_query(query: str) -> Any:
    """A program of jq's, or BadQuery."""
    try:
        return jq.compile(query)
    except ValueError as error:
        raise BadQuery(str(error).strip()) from error


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(int(value)) if float(value).is_integer() else repr(value)
    if value is None or value == "":
        raise Unextractable(BAD_KEYS[1])
    if not isinstance(value, str):
        raise Unextractable(f"The value of {name} is an array or an object.")
    return value


def _place(rejected: Rejected) -> int:
    return rejected.index
