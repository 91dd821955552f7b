"""What is wrong with a command is said before anything starts, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from console import ExitCode, UsageError, run
from local_aws.home import Home
from operations import __main__ as command_line
from operations import demo
from operations.deployment import Deployment


@pytest.mark.parametrize("speed", ["-1", "0", "fast", "nan", "10001"])
@pytest.mark.parametrize("command", ["demo", "up"])
def test_a_clock_speed_that_is_none_is_refused(
    command: str, speed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOCAL_AWS_HOME", str(tmp_path / "home"))
    code = run(command_line._parser(), command_line._command, [command, f"--clock-speed={speed}"])
    assert code == ExitCode.USAGE
    assert "must be more than 0, at most 10,000" in capsys.readouterr().err
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("words", [["plan"], ["apply"], ["destroy"], ["outputs"], ["demo"]])
def test_a_missing_terraform_is_named(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("LOCAL_AWS_HOME", str(tmp_path / "home"))
    assert run(command_line._parser(), command_line._command, words) == ExitCode.COULD_NOT_RUN
    assert "terraform 1.11 or newer is not on the PATH" in capsys.readouterr().err
    assert not (tmp_path / "home").exists()


def test_local_on_aws_lacks_what_aws_needs_to_know(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names no lambda_runtime"):
        Deployment.of("local", "aws", Home(tmp_path)).package()


@pytest.mark.parametrize(("said", "seconds"), [({"MAKE_BEGAN": "100"}, 42.5), ({}, None), ({"MAKE_BEGAN": "x"}, None)])
def test_the_demo_knows_how_long_make_has_worked(said: Mapping[str, str], seconds: float | None) -> None:
    assert demo.seconds_of_set_up(said, 142.5) == seconds
