"""The command line of the local target: `python -m local_aws start | stop | status | prepare`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from console import CommandLineParser, ExitCode, Output, UsageError, add_common_options, run
from local_aws import lifecycle
from local_aws.home import Home
from local_aws.status_text import describe


def main() -> int:
    """Parse and run one command."""
    return run(_parser(), _command)


def _parser() -> argparse.ArgumentParser:
    parser = CommandLineParser(
        prog="python -m local_aws", description="AWS on this machine: real Kafka, real functions, a Firehose data plane."
    )
    commands = parser.add_subparsers(dest="command", required=True, parser_class=CommandLineParser)
    starts = commands.add_parser("start", help="start the target, or find it running; a start is always an empty account")
    starts.add_argument(
        "--clock-speed", type=float, default=60.0, help="how many seconds of Firehose's intervals pass in one second (default: 60)"
    )
    starts.add_argument("--region", default="us-east-1", help="the region that clients are told (default: us-east-1)")
    starts.add_argument("--port", type=int, default=0, help="where AWS answers (default: a free port, written in the env file)")
    stops = commands.add_parser("stop", help="end every process of the target")
    shows = commands.add_parser("status", help="what runs, where, and how far delivery is")
    prepares = commands.add_parser("prepare", help="fetch what the brokers need into the cache, and start nothing")
    for command in (starts, stops, shows, prepares):
        command.add_argument("--home", type=Path, default=None, help="the target's directory (default: .local, or LOCAL_AWS_HOME)")
        add_common_options(command)
    return parser


def _command(arguments: argparse.Namespace, output: Output) -> ExitCode:
    home = Home(arguments.home.resolve()) if arguments.home else Home.default()
    match arguments.command:
        case "start":
            return _start(home, arguments, output)
        case "stop":
            ran = lifecycle.stop(home, output.notice)
            output.result("stop", {"home": str(home.root), "was_running": ran}, "Stopped." if ran else "It was not running.")
        case "status":
            return _status(home, output)
        case "prepare":
            from local_aws.kafka.cluster import prepare

            where = prepare(home.cache)
            output.result("prepare", {"path": str(where)}, f"Ready: {where}")
    return ExitCode.PASS


def _start(home: Home, arguments: argparse.Namespace, output: Output) -> ExitCode:
    if not 0 < arguments.clock_speed <= 10_000:
        raise UsageError(f"python -m local_aws start: --clock-speed {arguments.clock_speed:g} is not between 0 and 10,000.")
    if not 0 <= arguments.port <= 65_535:
        raise UsageError(f"python -m local_aws start: --port {arguments.port} is not between 0 and 65,535.")
    options = lifecycle.StartOptions(arguments.port, arguments.region, arguments.clock_speed)
    found, started = lifecycle.start(home, options, output.notice)
    if not started and (found.get("clock_speed"), found.get("region")) != (options.clock_speed, options.region):
        output.notice("It keeps the clock speed and region with which it was started; stop it first to change them.")
    said = "Started" if started else "It is already running"
    text = f"{said}: {found['endpoint_url']} (clock x{found['clock_speed']:g}). Settings for clients: {home.env_file}"
    output.result("start", {"started": started, "env_file": str(home.env_file), **found}, text)
    return ExitCode.PASS


def _status(home: Home, output: Output) -> ExitCode:
    found = lifecycle.status(home)
    output.result("status", found, describe(found, home))
    return ExitCode.PASS if found["state"] == "running" else ExitCode.CHECK_FAILED


if __name__ == "__main__":
    sys.exit(main())
