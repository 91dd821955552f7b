"""The function's environment variables, read once at cold start into a frozen value.

    EARLIEST_EVENT_DATE      first accepted UTC date, YYYY-MM-DD (default 2020-01-01)
    MAX_EVENT_AGE_DAYS       whole days before a record's arrival; where set, it takes the place of the former
    MAX_FUTURE_SKEW_HOURS    whole hours after a record's arrival (default 24)

A variable that is set to nothing counts as not set. `AWS_LAMBDA_FUNCTION_NAME` is Lambda's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from transform.window import DEFAULT_EARLIEST, DEFAULT_FUTURE_SKEW_HOURS, AcceptedWindow

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WHOLE_NUMBER = re.compile(r"\d{1,6}", re.ASCII)


class SettingsError(ValueError):
    """An environment variable cannot be used; the message names it and says what it may be."""


@dataclass(frozen=True)
class Settings:
    """What the environment says."""

    window: AcceptedWindow
    function_name: str


def read(environment: Mapping[str, str]) -> Settings:
    """The settings in an environment.

    Raises:
        SettingsError
    """
    skew = _number(environment, "MAX_FUTURE_SKEW_HOURS", "hours", range(8_761))
    window = AcceptedWindow(
        earliest_event_date=_date(environment, "EARLIEST_EVENT_DATE") or DEFAULT_EARLIEST,
        max_event_age_days=_number(environment, "MAX_EVENT_AGE_DAYS", "days", range(1, 36_501)),
        max_future_skew_hours=DEFAULT_FUTURE_SKEW_HOURS if skew is None else skew,
    )
    return Settings(window, environment.get("AWS_LAMBDA_FUNCTION_NAME") or "transform")


def _date(environment: Mapping[str, str], name: str) -> date | None:
    text = environment.get(name) or None
    if text is None:
        return None
    try:
        return date.fromisoformat(text if _DATE.fullmatch(text) else "")
    except ValueError:
        raise SettingsError(f"{name} is {text!r}; give a date as YYYY-MM-DD, e.g. {DEFAULT_EARLIEST}.") from None


def _number(environment: Mapping[str, str], name: str, unit: str, allowed: range) -> int | None:
    text = environment.get(name) or None
    if text is None:
        return None
    if not _WHOLE_NUMBER.fullmatch(text) or int(text) not in allowed:
        raise SettingsError(f"{name} is {text!r}; give whole {unit} from {allowed[0]} to {allowed[-1]}.")
    return int(text)
