"""What every command line of this project shares: output for people and for machines, errors, exit codes.

    PipelineError                 what went wrong, where, and what to do; exit code 3
    ├── CheckFailed               a check ran and said no; exit code 1
    ├── UsageError                the command line or a file that the user wrote is wrong; exit code 2
    └── CouldNotRun               something that the command needs is absent or broken; exit code 3

Rooms derive their own errors from these. A traceback never reaches a user unless `--debug` asks for it.
"""

from console.errors import CheckFailed, CouldNotRun, ExitCode, PipelineError, UsageError
from console.main import CommandLineParser, add_common_options, run
from console.output import Column, JsonOutput, Output, TextOutput

__all__ = [
    "CheckFailed",
    "Column",
    "CommandLineParser",
    "CouldNotRun",
    "ExitCode",
    "JsonOutput",
    "Output",
    "PipelineError",
    "TextOutput",
    "UsageError",
    "add_common_options",
    "run",
]
