"""The environment, read once; and the window that it names."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest

from transform.settings import SettingsError, read
from transform.window import AcceptedWindow, epoch_ms


def test_nothing_set_is_the_local_environment_s_window() -> None:
    found = read({})
    assert found.window == AcceptedWindow(date(2020, 1, 1), None, 24)
    assert found.function_name == "transform"


def test_every_variable_is_read() -> None:
    found = read(
        {"EARLIEST_EVENT_DATE": "2022-02-03", "MAX_EVENT_AGE_DAYS": "30", "MAX_FUTURE_SKEW_HOURS": "0", "AWS_LAMBDA_FUNCTION_NAME": "f"}
    )
    assert found.window == AcceptedWindow(date(2022, 2, 3), 30, 0)
    assert found.function_name == "f"


def test_a_variable_set_to_nothing_is_not_set() -> None:
    assert read({"EARLIEST_EVENT_DATE": "", "MAX_EVENT_AGE_DAYS": "", "MAX_FUTURE_SKEW_HOURS": ""}) == read({})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EARLIEST_EVENT_DATE", "20200101"),
        ("EARLIEST_EVENT_DATE", "2020-13-01"),
        ("EARLIEST_EVENT_DATE", "2020-01-01T00:00:00Z"),
        ("EARLIEST_EVENT_DATE", "yesterday"),
        ("MAX_EVENT_AGE_DAYS", "0"),
        ("MAX_EVENT_AGE_DAYS", "-1"),
        ("MAX_EVENT_AGE_DAYS", "7.5"),
        ("MAX_EVENT_AGE_DAYS", "1e3"),
        ("MAX_EVENT_AGE_DAYS", "99999999999"),
        ("MAX_FUTURE_SKEW_HOURS", "a day"),
        ("MAX_FUTURE_SKEW_HOURS", " 24"),
        ("MAX_FUTURE_SKEW_HOURS", "9000"),
    ],
)
def test_a_bad_value_is_refused_by_the_variable_s_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is '{value}'; give "):
        read({name: value})


def test_a_function_with_a_bad_variable_does_not_start_and_says_why() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import transform.handler"],
        env={"MAX_EVENT_AGE_DAYS": "soon", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "SettingsError: MAX_EVENT_AGE_DAYS is 'soon'; give whole days from 1 to 36500." in done.stderr


ARRIVAL = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "arrival", "first", "last"),
    [
        (AcceptedWindow(date(2020, 1, 1), None, 24), ARRIVAL, date(2020, 1, 1), date(2026, 11, 25)),
        (AcceptedWindow(date(2020, 1, 1), 7, 24), ARRIVAL, date(2026, 11, 17), date(2026, 11, 25)),
        (AcceptedWindow(date(2020, 1, 1), None, 0), ARRIVAL, date(2020, 1, 1), date(2026, 11, 24)),
        (AcceptedWindow(date(2020, 1, 1), None, 14), ARRIVAL, date(2020, 1, 1), date(2026, 11, 25)),
        (AcceptedWindow(date(2020, 1, 1), None, 14), ARRIVAL - timedelta(milliseconds=1), date(2020, 1, 1), date(2026, 11, 24)),
        (AcceptedWindow(date(2020, 1, 1), 1, 24), datetime(1970, 1, 1, tzinfo=UTC), date(1969, 12, 31), date(1970, 1, 2)),
    ],
)
def test_the_window_is_of_whole_utc_dates(window: AcceptedWindow, arrival: datetime, first: date, last: date) -> None:
    day = timedelta(days=1)
    arrival_ms = epoch_ms(arrival)
    assert [window.accepts(date_, arrival_ms) for date_ in (first - day, first, last, last + day)] == [False, True, True, False]


def test_an_arrival_without_a_zone_is_utc() -> None:
    assert epoch_ms(ARRIVAL.replace(tzinfo=None)) == epoch_ms(ARRIVAL) == epoch_ms(epoch_ms(ARRIVAL)) == 1_795_514_400_000
