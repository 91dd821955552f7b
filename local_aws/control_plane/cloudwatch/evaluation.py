"""From data points to an alarm's state (CloudWatch user guide, "Alarm evaluation" and "Configuring how CloudWatch alarms
treat missing data").

An alarm looks at its newest data points, as many as `EvaluationPeriods`, within a range that is longer by
`SPARE_PERIODS`; what the range lacks is filled in as `TreatMissingData` says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

SPARE_PERIODS = 2
"""How much longer the range is. AWS does not say; it speaks of "a few more"."""

COMPARE: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


class State(Enum):
    """An alarm's state."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


@dataclass(frozen=True)
class Rule:
    """When an alarm goes off."""

    comparison: str
    threshold: float
    evaluation_periods: int
    datapoints_to_alarm: int
    treat_missing_data: str = "missing"


def evaluate(rule: Rule, points: Sequence[float | None], before: State) -> State:
    """The state by `points`, newest first, None where there is none; `before` is the state until now."""
    known = [point for point in points if point is not None][: rule.evaluation_periods]
    breaching = sum(COMPARE[rule.comparison](point, rule.threshold) for point in known)
    missing = rule.evaluation_periods - len(known)
    match rule.treat_missing_data:
        case "breaching":
            return State.ALARM if breaching + missing >= rule.datapoints_to_alarm else State.OK
        case "notBreaching":
            return State.ALARM if breaching >= rule.datapoints_to_alarm else State.OK
    if breaching >= rule.datapoints_to_alarm:
        return State.ALARM
    if not known:
        return before if rule.treat_missing_data == "ignore" else State.INSUFFICIENT_DATA
    # Too few are known to tell: what is known is bad, and the rest could be.
    if breaching + missing >= rule.datapoints_to_alarm and breaching == len(known):
        return before
    return State.OK


_CALL = re.compile(r'(ALARM|OK|INSUFFICIENT_DATA)\(\s*"?([^")]+?)"?\s*\)')
_WORDS = {"AND": "and", "OR": "or", "NOT": "not", "TRUE": "True", "FALSE": "False", "(": "(", ")": ")"}


class UnknownRule(Exception):
    """A composite alarm's rule that this target does not understand."""


def composite(rule: str, state_of: Callable[[str], State]) -> tuple[State, list[str]]:
    """The state by a composite alarm's rule, and the names of those that it asks for and that are as asked.

    `state_of` gives the state of an alarm by its name.

    Raises:
        UnknownRule, and what `state_of` raises.
    """
    answers: list[tuple[str, bool]] = []

    def answer(found: re.Match[str]) -> str:
        name = found[2].rpartition(":alarm:")[2] or found[2]
        answers.append((name, state_of(name) is State(found[1])))
        return f" #{len(answers) - 1} "

    words = _CALL.sub(answer, rule).replace("(", " ( ").replace(")", " ) ").split()
    try:
        text = " ".join(str(answers[int(word[1:])][1]) if word.startswith("#") else _WORDS[word] for word in words)
        holds = bool(eval(text, {"__builtins__": {}}))  # of nothing but True, False, and, or, not, parentheses
    except (KeyError, SyntaxError) as error:
        raise UnknownRule(f"the alarm rule {rule!r}") from error
    return State.ALARM if holds else State.OK, [name for name, as_asked in answers if as_asked]
