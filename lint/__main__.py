"""`python -m lint docs|terraform|workflows`: write the READMEs' tables, or run the linters."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from console import CommandLineParser, ExitCode, Output, add_common_options, run
from lint import readmes, terraform, workflows
from lint.errors import Stale

CHECKOUT = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = CommandLineParser(prog="python -m lint", description="Write the READMEs' tables, or run the linters.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    docs = commands.add_parser("docs", help="write the tables of the READMEs under terraform/")
    docs.add_argument("--check", action="store_true", help="change nothing; exit code 1 if a README is stale")
    add_common_options(docs)
    add_common_options(commands.add_parser("terraform", help="terraform fmt and validate, tflint, checkov"))
    add_common_options(commands.add_parser("workflows", help="actionlint and zizmor over .github/workflows"))
    return run(parser, {"docs": _docs, "terraform": _terraform, "workflows": _workflows}[parser.parse_args(arguments).command], arguments)


def _docs(arguments: argparse.Namespace, output: Output) -> ExitCode:
    directories = readmes.documented()
    if arguments.check:
        old = [str(path.relative_to(CHECKOUT)) for path in readmes.stale(directories)]
        if old:
            raise Stale(f"{', '.join(old)}: the generated parts differ from the sources.", "Run `make docs`.")
    changed = [] if arguments.check else [str(path.relative_to(CHECKOUT)) for path in readmes.write(directories)]
    said = "\n".join(f"Written: {path}" for path in changed) or f"{len(directories)} READMEs are up to date."
    output.result("docs", {"readmes": len(directories), "changed": changed}, said)
    return ExitCode.PASS


def _terraform(_arguments: argparse.Namespace, output: Output) -> ExitCode:
    terraform.check(CHECKOUT, output)
    return ExitCode.PASS


def _workflows(_arguments: argparse.Namespace, output: Output) -> ExitCode:
    workflows.check(CHECKOUT, output)
    return ExitCode.PASS


if __name__ == "__main__":
    sys.exit(main())
