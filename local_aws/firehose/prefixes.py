"""S3 prefixes with expressions, evaluated as Firehose does.

Sources: developer guide, "Understand custom prefixes for Amazon S3 objects" (namespaces, the instant, random strings,
what each prefix may hold) and "Understand S3 bucket prefix with dynamic partitioning". A prefix is parsed once, when
the configuration is read; a buffer's object evaluates it when the buffer closes.

The instant of every `!{timestamp:...}` is the arrival of the oldest record in the object. `yyyy/MM/dd/HH/` is appended
only to a prefix without any expression: AWS's pages disagree for a prefix with expressions but no timestamp, and
measurements by others found nothing appended.
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import Enum

from local_aws.firehose.java_time import BadPattern, compile_pattern

EVALUATED_LIMIT = 512
"""Characters that an evaluated prefix may have ("Understand custom prefixes for Amazon S3 objects")."""

_EXPRESSION = re.compile(r"!\{([^:}]*):?([^}]*)\}")
_DEFAULT_DATE = compile_pattern("yyyy/MM/dd/HH/")
_RANDOM_LETTERS = string.ascii_letters + string.digits


class BadPrefix(ValueError):
    """The prefix cannot be used; the text says why."""


class ErrorType(Enum):
    """What `!{firehose:error-output-type}` gives.

    `metadata-extraction-failed` is in no AWS list; streams on AWS were seen to use it for records whose partition keys
    are missing or empty. `activePartitionExceeded` is named in "Buffering for dynamic partitioning".
    """

    PROCESSING_FAILED = "processing-failed"
    FORMAT_CONVERSION_FAILED = "format-conversion-failed"
    METADATA_EXTRACTION_FAILED = "metadata-extraction-failed"
    ACTIVE_PARTITION_EXCEEDED = "activePartitionExceeded"


@dataclass(frozen=True)
class Instance:
    """What one evaluation needs."""

    oldest_ms: int
    """Arrival of the oldest record in the object, milliseconds since the epoch."""
    zone: tzinfo
    keys: tuple[str, ...] = ()
    """Values of the prefix's `lambda_keys`, then of its `query_keys`, each in their order."""
    error_type: ErrorType | None = None
    random_text: Callable[[], str] = lambda: "".join(random.choices(_RANDOM_LETTERS, k=11))

    def local(self) -> datetime:
        """The instant, in the stream's zone."""
        return datetime.fromtimestamp(self.oldest_ms / 1000, UTC).astimezone(self.zone)


_Part = Callable[[Instance], str]


@dataclass(frozen=True)
class Prefix:
    """A parsed prefix: literal text and expressions in order."""

    text: str
    lambda_keys: tuple[str, ...]
    query_keys: tuple[str, ...]
    has_expressions: bool
    has_error_type: bool
    _parts: tuple[_Part, ...]

    @staticmethod
    def parse(text: str) -> Prefix:
        """Parse a prefix, or raise `BadPrefix`."""
        parts: list[_Part] = []
        names = [match.groups() for match in _EXPRESSION.finditer(text)]
        first_query_key = len({name for namespace, name in names if namespace == "partitionKeyFromLambda"})
        lambda_keys: list[str] = []
        query_keys: list[str] = []
        end = 0
        error_type = False
        for match in _EXPRESSION.finditer(text):
            parts.append(_literal(text[end : match.start()]))
            end = match.end()
            namespace, name = match.groups()
            if namespace == "partitionKeyFromLambda":
                if name not in lambda_keys:
                    lambda_keys.append(name)
                parts.append(_key(lambda_keys.index(name)))
            elif namespace == "partitionKeyFromQuery":
                if name not in query_keys:
                    query_keys.append(name)
                parts.append(_key(first_query_key + query_keys.index(name)))
            else:
                parts.append(_simple(namespace, name))
                error_type = error_type or (namespace, name) == ("firehose", "error-output-type")
        if "!{" in text[end:]:
            raise BadPrefix(f"the expression that starts at {text[text.index('!{', end) :]!r} has no end")
        parts.append(_literal(text[end:]))
        return Prefix(text, tuple(lambda_keys), tuple(query_keys), end > 0, error_type, tuple(parts))

    def evaluate(self, instance: Instance) -> str:
        """The prefix of one object of good records."""
        prefix = self._evaluate(instance)
        return prefix if self.has_expressions else prefix + _DEFAULT_DATE(instance.local())

    def evaluate_error(self, instance: Instance) -> str:
        """The prefix of one error object.

        Where the prefix has no expression, the error type and the date are appended; documented for the absent prefix
        only ("Handle failure in data transformation": a `processing-failed` folder), so inferred for a plain one.
        """
        prefix = self._evaluate(instance)
        if self.has_expressions or instance.error_type is None:
            return prefix
        return f"{prefix}{instance.error_type.value}/{_DEFAULT_DATE(instance.local())}"

    def _evaluate(self, instance: Instance) -> str:
        return "".join(part(instance) for part in self._parts)


def shortest(prefix: Prefix, keys: Sequence[str]) -> int:
    """Characters that the prefix has with these keys, its other expressions left out."""
    literal = len(_EXPRESSION.sub("", prefix.text))
    by_lambda = [("partitionKeyFromLambda", name) for name in prefix.lambda_keys]
    by_query = [("partitionKeyFromQuery", name) for name in prefix.query_keys]
    lengths = dict(zip(by_lambda + by_query, map(len, keys), strict=False))
    return literal + sum(lengths.get(expression, 0) for expression in _EXPRESSION.findall(prefix.text))


def object_name(stream: str, version_id: str, *, oldest_ms: int, zone: tzinfo, unique: str, extension: str) -> str:
    """The name after the prefix ("Configure Amazon S3 object name format").

    The page shows the stamp without saying whose instant it is; here it is the prefix's, so that prefix and name of
    one object never tell different days.
    """
    instant = datetime.fromtimestamp(oldest_ms / 1000, UTC).astimezone(zone)
    return f"{stream}-{version_id}-{instant:%Y-%m-%d-%H-%M-%S}-{unique}{extension}"


def _literal(text: str) -> _Part:
    return lambda _instance: text


def _key(index: int) -> _Part:
    return lambda instance: instance.keys[index]


def _simple(namespace: str, name: str) -> _Part:
    if namespace == "timestamp":
        try:
            form = compile_pattern(name)
        except BadPattern as error:
            raise BadPrefix(f"!{{timestamp:{name}}}: {error}") from error
        return lambda instance: form(instance.local())
    if namespace == "firehose" and name == "random-string":
        return lambda instance: instance.random_text()
    if namespace == "firehose" and name == "error-output-type":
        return lambda instance: instance.error_type.value if instance.error_type else ""
    raise BadPrefix(
        f"!{{{namespace}:{name}}} is no expression that Firehose knows: timestamp:PATTERN, firehose:random-string, "
        "firehose:error-output-type, partitionKeyFromLambda:KEY or partitionKeyFromQuery:KEY"
    )
