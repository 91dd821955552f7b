"""Metrics out of log lines: the embedded metric format, and metric filters.

Embedded metric format (CloudWatch user guide, "Specification: Embedded metric format"): a line that is a JSON object with
`_aws.CloudWatchMetrics` names the members that are metrics, and sets of members that are their dimensions.

Metric filters (CloudWatch Logs user guide, "Filter pattern syntax"): of the pattern language this target knows JSON
patterns of `$.path = "text"` and `!=`, with `*` in the text, joined by `||` or by `&&`. Others are refused by name.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

Datum = tuple[str, dict[str, Any]]
"""A namespace, and a MetricDatum for it."""

_TERM = re.compile(r'^\(?\s*\$\.([A-Za-z0-9_.\-]+)\s*(!?=)\s*"([^"]*)"\s*\)?$')


class UnknownPattern(Exception):
    """A filter pattern that this target does not know."""


def embedded(line: str) -> Iterator[Datum]:
    """The metrics of one line; none where it is not in the embedded metric format."""
    document = _object(line) if '"_aws"' in line else None
    directives = (document or {}).get("_aws", {}).get("CloudWatchMetrics") if document else None
    if document is None or not isinstance(directives, list):
        return
    for directive in directives:
        for dimensions in directive.get("Dimensions") or [[]]:
            found = [{"Name": name, "Value": str(document[name])} for name in dimensions if name in document]
            for metric in directive.get("Metrics", ()):
                value = document.get(metric.get("Name"))
                if isinstance(value, (int, float)) and not isinstance(value, bool):
                    unit = metric.get("Unit", "None")
                    yield directive["Namespace"], {"MetricName": metric["Name"], "Dimensions": found, "Unit": unit, "Value": value}


def filtered(line: str, filters: Iterable[Mapping[str, Any]]) -> Iterator[Datum]:
    """The metrics that a log group's filters make of one line."""
    for one in filters:
        if matcher(one["filterPattern"])(line):
            for transformation in one["metricTransformations"]:
                unit = transformation.get("unit") or "None"
                value = float(transformation["metricValue"])
                yield transformation["metricNamespace"], {"MetricName": transformation["metricName"], "Unit": unit, "Value": value}


@cache
def matcher(pattern: str) -> Callable[[str], bool]:
    """What a pattern says of a line.

    Raises:
        UnknownPattern
    """
    text = pattern.strip()
    if not text:
        return lambda _line: True
    inside = re.fullmatch(r"\{(.*)\}", text, re.DOTALL)
    joined = [join for join in ("||", "&&") if inside and join in inside[1]]
    if inside is None or len(joined) > 1:
        raise UnknownPattern(f"the filter pattern {pattern!r} (JSON patterns of = and !=, joined by || or by && alone, are)")
    terms = []
    for part in inside[1].split(joined[0]) if joined else [inside[1]]:
        term = _TERM.match(part.strip())
        if term is None:
            raise UnknownPattern(f'the term {part.strip()!r} of a filter pattern (such as $.code = "text*" is)')
        terms.append((term[1].split("."), term[2] == "=", term[3]))
    every = joined == ["&&"]

    def matches(line: str) -> bool:
        document = _object(line)
        return document is not None and (all if every else any)(_holds(document, *term) for term in terms)

    return matches


def _holds(document: Mapping[str, Any], path: list[str], equal: bool, text: str) -> bool:
    value: Any = document
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if value is None:
        return False
    shown = value if isinstance(value, str) else json.dumps(value)
    return fnmatch.fnmatchcase(shown, text.replace("[", "[[]").replace("?", "[?]")) is equal


def _object(line: str) -> dict[str, Any] | None:
    try:
        document = json.loads(line)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
