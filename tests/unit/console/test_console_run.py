"""Every ending of a command becomes an exit code and a sentence; a traceback is shown only on request."""

from __future__ import annotations

import argparse
import json

import pytest

from console import CheckFailed, Column, CommandLineParser, CouldNotRun, ExitCode, Output, UsageError, add_common_options, run


def parser() -> argparse.ArgumentParser:
    made = CommandLineParser(prog="tool")
    add_common_options(made)
    return made


def ending_with(error: BaseException | None):
    def command(_arguments: argparse.Namespace, output: Output) -> ExitCode:
        output.result("answer", {"rows": 3})
        if error:
            raise error
        return ExitCode.PASS

    return command


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, 0),
        (CheckFailed("one object is missing"), 1),
        (UsageError("no such file"), 2),
        (CouldNotRun("no broker answered", "Start it with `make up`."), 3),
        (ZeroDivisionError("division by zero"), 3),
        (KeyboardInterrupt(), 130),
    ],
)
def test_an_ending_has_its_exit_code(error, code):
    assert run(parser(), ending_with(error), []) == code


def test_a_failure_is_said_in_words_with_advice_and_no_traceback(capsys):
    run(parser(), ending_with(CouldNotRun("kafka: no broker answered.", "Start it with `make up`.")), [])
    assert capsys.readouterr().err == "kafka: no broker answered.\n  Start it with `make up`.\n"


def test_debug_shows_the_traceback(capsys):
    run(parser(), ending_with(ZeroDivisionError("division by zero")), ["--debug"])
    assert "Traceback" in capsys.readouterr().err


def test_machines_get_one_json_object_a_line(capsys):
    run(parser(), ending_with(CouldNotRun("no broker answered", "Start it.")), ["--output", "json"])
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"result": "answer", "rows": 3}
    assert json.loads(printed.err) == {"error": "no broker answered", "advice": ["Start it."], "exit_code": 3}


def test_a_wrong_option_is_a_usage_error_that_names_it(capsys):
    assert run(parser(), ending_with(None), ["--colour"]) == 2
    assert "--colour" in capsys.readouterr().err


def test_a_column_has_a_key_for_machines_and_a_heading_for_people_or_none(capsys):
    def command(_arguments: argparse.Namespace, output: Output) -> ExitCode:
        output.table("classes", ["class", Column("in_flight", "in flight"), Column("offenders", None)], [["valid", 3, 7]])
        return ExitCode.PASS

    run(parser(), command, ["--output", "json"])
    assert json.loads(capsys.readouterr().out)["rows"] == [{"class": "valid", "in_flight": 3, "offenders": 7}]
    run(parser(), command, [])
    said = capsys.readouterr().out
    assert "in flight" in said and "7" not in said and "offenders" not in said


def test_help_tells_of_the_flags_that_every_command_has_and_of_the_exit_codes() -> None:
    said = " ".join(CommandLineParser(prog="python -m somewhere").format_help().split())
    assert "--output text|json and --debug" in said and "2 wrong use, 3 could not run" in said
