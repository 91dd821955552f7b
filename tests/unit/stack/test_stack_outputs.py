"""The outputs file is read whole or refused with a sentence; the dotenv file beside it comes with it."""

from __future__ import annotations

import json
import os
from dataclasses import fields

import pytest

import stack
from console import CouldNotRun

VALUES = {
    **{item.name: "x" for item in fields(stack.StackOutputs) if item.name != "directory"},
    "delivery_buffer_interval_seconds": 60,
    "transform_buffer_interval_seconds": 30,
    "transform_accepted_window": {"earliest_event_date": "2020-01-01", "max_event_age_days": None, "max_future_skew_hours": 24},
}


@pytest.fixture
def outputs_file(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "environ", dict(os.environ))
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps({name: {"value": value} for name, value in VALUES.items()}))
    return file


def test_outputs_are_read_into_a_value(outputs_file):
    outputs = stack.load(outputs_file)
    assert outputs.delivery_buffer_interval_seconds == 60
    assert outputs.transform_accepted_window == stack.AcceptedWindow("2020-01-01", None, 24)
    assert outputs.directory == outputs_file.parent


def test_the_dotenv_file_beside_the_outputs_is_taken_in(outputs_file):
    outputs_file.with_name("env").write_text("# a comment\nAWS_ENDPOINT_URL=http://127.0.0.1:1?a=b\nLOCAL_AWS_CLOCK_SPEED=60\n")
    assert stack.load(outputs_file).clock_speed == 60
    assert os.environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1?a=b"


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "no stack's outputs"), ("{", "is not JSON"), ("[]", "is not what"), ('{"bucket": {"value": "b"}}', "aws_region")],
)
def test_a_file_that_cannot_be_used_is_refused_with_a_sentence(tmp_path, content, said):
    file = tmp_path / "outputs.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(CouldNotRun, match=said):
        stack.load(file)
