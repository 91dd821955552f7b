"""The edge of a command line: parse, run, and turn every ending into an exit code without a traceback."""

from __future__ import annotations

import argparse
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NoReturn

from console.errors import ExitCode, PipelineError, UsageError
from console.output import JsonOutput, Output, TextOutput

INTERRUPTED = 128 + signal.SIGINT
"""Exit code after Ctrl-C, as shells have it."""


_EPILOG = (
    "A command's own flags include --output text|json and --debug. Exit codes: 0 passed, 1 a check failed, 2 wrong use, 3 could not run."
)


class CommandLineParser(argparse.ArgumentParser):
    """argparse with our way of saying what was wrong: exit code 2, no usage dump before the sentence."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"epilog": _EPILOG, **settings})

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}", f"See `{self.prog} --help`.")


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Add `--output text|json` and `--debug`, which every command has."""
    parser.add_argument("--output", choices=("text", "json"), default="text", help="for people, or one JSON object a line (default: text)")
    parser.add_argument("--debug", action="store_true", help="show the traceback of a failure")


def run(
    parser: argparse.ArgumentParser,
    command: Callable[[argparse.Namespace, Output], ExitCode],
    arguments: Sequence[str] | None = None,
) -> int:
    """Parse, run `command`, and return the exit code; failures are said in words.

    Ctrl-C and SIGTERM both reach the command as KeyboardInterrupt, so that `finally` blocks run.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    output: Output = JsonOutput() if _asks_for_json(words) else TextOutput()
    debug = "--debug" in words
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return int(command(parser.parse_args(words), output))
    except PipelineError as error:
        if debug:
            traceback.print_exc()
        output.error(error)
        return int(error.exit_code)
    except KeyboardInterrupt:
        output.notice("Interrupted.")
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return int(ExitCode.PASS)
    except Exception as error:  # noqa: BLE001 - the last edge before the user: a traceback is shown only on request
        if debug:
            traceback.print_exc()
        said = str(error).strip() or type(error).__name__
        output.error(
            PipelineError(f"{parser.prog}: unexpected {type(error).__name__}: {said}", "Run it again with --debug for the traceback.")
        )
        return int(ExitCode.COULD_NOT_RUN)


def _asks_for_json(words: Sequence[str]) -> bool:
    return "--output=json" in words or any(pair == ("--output", "json") for pair in pairwise(words))


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
