"""`python -m lambda_package NAME --to FILE.zip`: build one function's zip."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from console import CommandLineParser, ExitCode, Output, add_common_options, run
from lambda_package.building import build
from lambda_package.packages import PACKAGES
from lambda_package.targets import machine


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = CommandLineParser(prog="python -m lambda_package", description="Build one function's zip.")
    parser.add_argument("name", metavar="NAME", help=f"one of {', '.join(sorted(PACKAGES))}")
    parser.add_argument("--runtime", help="Lambda runtime, e.g. python3.13 (default: this Python's)")
    parser.add_argument("--architecture", help="x86_64 or arm64 (default: this machine's)")
    parser.add_argument("--to", type=Path, required=True, metavar="FILE.zip", help="where the zip goes")
    add_common_options(parser)
    return run(parser, _build, arguments)


def _build(arguments: argparse.Namespace, output: Output) -> ExitCode:
    runtime, architecture = arguments.runtime, arguments.architecture
    if runtime is None or architecture is None:
        own_runtime, own_architecture = machine()
        runtime, architecture = runtime or own_runtime, architecture or own_architecture
    package = build(arguments.name, runtime, architecture, arguments.to)
    facts = {
        "name": arguments.name,
        "runtime": runtime,
        "architecture": architecture,
        "path": str(package.path),
        "bytes": package.path.stat().st_size,
        "sha256": package.sha256,
    }
    text = f"{package.path}: {arguments.name} for {runtime} on {architecture}, {facts['bytes'] / 2**20:.1f} MiB, sha256 {package.sha256}"
    output.result("package", facts, text)
    return ExitCode.PASS


if __name__ == "__main__":
    sys.exit(main())
