"""`python -m local_aws.firehose --stream NAME --home DIR`: the data plane of one stream, started by its supervisor."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from console import CommandLineParser, CouldNotRun, ExitCode, Output, UsageError, add_common_options, run
from local_aws import clock
from local_aws.firehose.conversion_settings import MIB
from local_aws.firehose.service import HELD_LIMIT, Service
from local_aws.firehose.status import Status
from local_aws.home import Home

HELD_VARIABLE = "LOCAL_AWS_FIREHOSE_HELD_MIB"
"""How many MiB of payload a data plane may hold, for machines with little or much memory."""


def main() -> int:
    """Parse the command line and run until stopped."""
    parser = CommandLineParser(prog="python -m local_aws.firehose", description=__doc__)
    parser.add_argument("--stream", required=True, help="name of the delivery stream")
    parser.add_argument("--home", required=True, type=Path, help="directory of the local target")
    add_common_options(parser)
    return run(parser, _command)


def _command(arguments: argparse.Namespace, output: Output) -> ExitCode:
    missing = [name for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_REGION") if not os.environ.get(name)]
    if missing:
        raise CouldNotRun(
            f"{', '.join(missing)} not set.", "The supervisor of the local target starts this program; `make up` starts that."
        )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)
    directory = Home(arguments.home).firehose / arguments.stream
    service = Service(arguments.stream, directory, clock.from_environment(), os.environ["AWS_REGION"], held_limit=_held_limit())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: service.ask_to_stop())
    last = service.run()
    output.notice(f"{arguments.stream}: {last.value}")
    return ExitCode.CHECK_FAILED if last is Status.CREATING_FAILED else ExitCode.PASS


def _held_limit() -> int:
    text = os.environ.get(HELD_VARIABLE) or str(HELD_LIMIT // MIB)
    if not text.isdecimal() or not int(text):
        raise UsageError(f"{HELD_VARIABLE} is {text!r}; it must be a whole number of MiB above 0.", f"{HELD_LIMIT // MIB} is the default.")
    return int(text) * MIB


if __name__ == "__main__":
    code = main()
    if threading.active_count() > 1:  # an invocation may still wait for its function; its batch is read again
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
