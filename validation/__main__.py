"""`python -m validation lake|query|errors`: proof that the lake holds what was sent, SQL over it, and the error area."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path

import manifest
import schema
import stack
from console import CommandLineParser, ExitCode, Output, UsageError, add_common_options, run
from stack import StackOutputs, add_outputs_option
from validation import quarantine, report, runs
from validation.audit import Audit, Places
from validation.error_area import ErrorArea
from validation.findings import exit_code, verdict
from validation.judgement import DEFAULT_BUDGET, Budget, judge
from validation.lake import Lake
from validation.query import LakeDatabase, dataset, file_system
from validation.reasons import Explainer
from validation.sheet import Sheet
from validation.storage import Storage
from validation.waiting import Clock, allowance, until_settled


def lake(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Hold the lake against the manifests, and judge it."""
    budget = Budget.parse(arguments.duplicates_budget) if arguments.duplicates_budget else DEFAULT_BUDGET
    outputs = stack.load(arguments.outputs)
    places = _places(outputs)
    paths = _manifest_paths(arguments, outputs, places.lake.storage, output)
    audit = Audit(places, runs.load(paths), output.notice)
    allowed = allowance(outputs) if arguments.deadline is None else timedelta(seconds=arguments.deadline)
    clock, began = Clock(), time.monotonic()

    def look() -> Sheet:
        audit.update()
        return audit.sheet(clock.now(), allowed)

    def look_again() -> Sheet:
        audit.take_runs(runs.load(paths))
        return look()

    sheet = until_settled(look_again, allowed, clock, output.notice) if arguments.wait and paths else look()
    no_rows_due = bool(sheet.runs) and not any(line.sent for line in sheet.dates.values())
    results = list(audit.lake_results(no_rows_due))
    if not arguments.without_manifest:
        results = [*judge(sheet, audit.arrivals, budget, audit.unavailable), *results]
    if sheet.runs:
        report.say_sheet(output, sheet)
    report.say_checks(output, results)
    report.say_verdict(output, results, audit, time.monotonic() - began)
    return exit_code(verdict(results))


def query(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Ask the lake in SQL."""
    if not arguments.sql.strip():
        raise UsageError("query: there is no SQL.", "For example: python -m validation query 'select count(*) from user_events'")
    outputs, events = stack.load(arguments.outputs), schema.load()
    session = outputs.session()
    contents = Lake(Storage(session, outputs.bucket), outputs.data_prefix, events).list()
    for problem in contents.problems[:5]:
        output.notice(f"{problem.key}: {problem.said}; it is left out.")
    database = LakeDatabase(dataset(file_system(session), outputs.bucket, contents, events), events, outputs.glue_table)
    answer = database.ask(arguments.sql)
    rows = list(islice(answer.rows, arguments.max_rows))
    output.table("rows", answer.columns, rows)
    if next(answer.rows, None) is not None:
        output.notice(f"There are more than {arguments.max_rows:,} rows; the others are not shown (--max-rows).")
    return ExitCode.PASS


def errors(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Group the error records by type, code and derived reason."""
    outputs = stack.load(arguments.outputs)
    area = ErrorArea(Storage(outputs.session(), outputs.bucket), outputs.error_prefix)
    explainer = Explainer(schema.load(), outputs.transform_accepted_window)
    return quarantine.say(output, quarantine.group(area, explainer, arguments.samples))


def main(words: Sequence[str] | None = None) -> int:
    """Parse and run; the exit code: 0 passed, 1 failed, 2 wrong use, 3 not concluded."""
    parser = CommandLineParser(prog="python -m validation", description=__doc__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    checked = commands.add_parser("lake", help="hold the lake against what was sent", description=lake.__doc__)
    _add_lake_options(checked)
    asked = commands.add_parser("query", help="SQL over the lake: one view, named as the Glue table", description=query.__doc__)
    asked.add_argument("sql", metavar="SQL", help="e.g. 'select event_date, count(*) from user_events group by 1'")
    asked.add_argument("--max-rows", type=_positive, default=1000, metavar="N", help="show at most so many (default: 1000)")
    failed = commands.add_parser("errors", help="the error area by type, code and reason", description=errors.__doc__)
    failed.add_argument("--samples", type=_not_negative, default=1, metavar="N", help="payloads shown of each group (default: 1)")
    for command, function in ((checked, lake), (asked, query), (failed, errors)):
        add_outputs_option(command)
        add_common_options(command)
        command.set_defaults(function=function)
    return run(parser, lambda arguments, output: arguments.function(arguments, output), words)


def _add_lake_options(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--manifest", type=Path, nargs="+", metavar="FILE", help="only these runs (default: all beside the outputs)")
    which.add_argument("--manifests", type=Path, metavar="DIR", help="the runs of another directory")
    which.add_argument("--without-manifest", action="store_true", help="check objects and rows alone: nothing is said of completeness")
    parser.add_argument("--wait", action="store_true", help="look until all arrived, or nothing more does by the deadline")
    parser.add_argument(
        "--deadline", type=_not_negative, metavar="SECONDS", help="missing when so long without progress (default: by buffers)"
    )
    parser.add_argument(
        "--duplicates-budget", metavar="N|RATE", help=f"duplicates accepted: 100, 0.1%% or 0.001 (default: {DEFAULT_BUDGET}%)"
    )


def _manifest_paths(arguments: argparse.Namespace, outputs: StackOutputs, storage: Storage, output: Output) -> list[Path]:
    """The manifests that were named, or all beside the outputs that can be of this stack."""
    if arguments.without_manifest:
        return []
    if arguments.manifest:
        return list(arguments.manifest)
    if arguments.manifests is not None:
        if not arguments.manifests.is_dir():
            raise UsageError(f"--manifests: {arguments.manifests} is no directory.")
        return sorted(arguments.manifests.glob("*.json"))
    paths = manifest.find(outputs.directory)
    made_at = storage.made_at() if paths else None
    earlier = [found for found in runs.load(paths) if made_at and found.ended_at < made_at]
    for found in earlier:
        output.notice(
            f"Run {found.tag} ended before the bucket was made, so an earlier stack had it; it is left out (--manifest takes it in)."
        )
    kept = [path for path in paths if path not in {found.path for found in earlier}]
    if not kept:
        output.notice(f"There is no manifest of this stack under {outputs.directory / 'manifests'}: `make load-test` writes one.")
    return kept


def _places(outputs: StackOutputs) -> Places:
    storage, events = Storage(outputs.session(), outputs.bucket), schema.load()
    return Places(
        lake=Lake(storage, outputs.data_prefix, events),
        errors=ErrorArea(storage, outputs.error_prefix),
        schema=events,
        explainer=Explainer(events, outputs.transform_accepted_window),
    )


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def _not_negative(text: str) -> int:
    found = _whole(text)
    if found < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return found


def _positive(text: str) -> int:
    found = _whole(text)
    if found < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return found


if __name__ == "__main__":
    sys.exit(main())
