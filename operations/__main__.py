"""`python -m operations`: what an owner does to a stack; `make` targets call it."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from console import CommandLineParser, ExitCode, Output, UsageError, add_common_options, run
from local_aws.home import Home
from operations import demo, local_stack, prerequisites, stack_commands
from operations.deployment import Deployment, Target, exclusive
from operations.guard import Consent, admit

COMMANDS = {
    "up": "start the local target and apply the stack; harmless when it is up",
    "down": "destroy the stack, stop the target, leave no process",
    "plan": "say what an apply would change, in counts; where no local target runs, on one of its own",
    "apply": "plan, ask, and apply exactly that",
    "destroy": "show what holds data, ask, and destroy",
    "outputs": "print `terraform output -json`, and keep it for the tools",
    "status": "say what runs, and in which state",
    "tool": "run `producer_sim` or `validation` on this deployment",
    "package": "build the Lambda zips, and say which tfvars file names them",
    "demo": "up, load, deliver, validate, second plan, down, in a place of its own",
    "check": "say whether this machine has what is needed",
}
ON_A_STACK = frozenset(COMMANDS) - {"demo", "check"}
ASKING = frozenset({"plan", "apply", "destroy", "outputs", "status", "tool"})
"""Commands that ask first on AWS. `up` and `down` are the laptop's, and `package` touches no account."""
WITH_VARIABLES = frozenset({"up", "down", "plan", "apply", "destroy"})
WITH_TERRAFORM = frozenset({"plan", "apply", "destroy", "outputs"})
"""Commands that terraform does; `up` checks more, and `down` stops the target even where terraform is gone."""
ALONE = WITH_TERRAFORM | {"up", "down"}
"""Commands of which one at a time works on a deployment; `package` only replaces files whole."""
FASTEST = 10_000


def _parser() -> argparse.ArgumentParser:
    parser = CommandLineParser(prog="python -m operations", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        add_common_options(command)
        if name in ("up", "demo"):
            command.add_argument(
                "--clock-speed",
                type=_clock_speed,
                default=local_stack.DEFAULT_CLOCK_SPEED,
                metavar="N",
                help="delivery intervals run N times faster than the wall (default: %(default)g)",
            )
        if name in ON_A_STACK:
            command.add_argument(
                "--env", default="local", metavar="NAME", help="environment: a tfvars file in terraform/environments (default: local)"
            )
            command.add_argument(
                "--target", choices=[target.value for target in Target], help="where it is applied (default: local for local, else aws)"
            )
        if name in ASKING:
            command.add_argument("--yes", action="store_true", help="go on without asking")
        if name == "destroy":
            command.add_argument("--confirm", metavar="NAME", help="the environment's name, typed; production wants it")
        if name in WITH_VARIABLES:
            command.add_argument(
                "--var-file", type=Path, action="append", default=[], metavar="FILE", help="a further tfvars file, which wins (repeatable)"
            )
        if name == "tool":
            command.add_argument("words", nargs=argparse.REMAINDER, metavar="MODULE ...", help="after `--`: the module and its arguments")
    return parser


def _clock_speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= FASTEST:
        raise argparse.ArgumentTypeError(f"{text} is no speed; it must be more than 0, at most {FASTEST:,}.")
    return speed


def _command(arguments: argparse.Namespace, output: Output) -> ExitCode:
    if arguments.command == "check":
        prerequisites.check(local_target=True)
        output.notice("All prerequisites are there.")
        return ExitCode.PASS
    if arguments.command == "demo":
        demo.show(output, arguments.clock_speed)
        return ExitCode.PASS
    deployment = Deployment.of(arguments.env, arguments.target, Home.default(), getattr(arguments, "var_file", ()))
    if arguments.command in ("up", "down") and deployment.target is not Target.LOCAL:
        raise UsageError(f"`{arguments.command}` works on the laptop alone.", "On AWS use `make apply` and `make destroy`.")
    if arguments.command in WITH_TERRAFORM:
        prerequisites.check(local_target=False)
    if arguments.command in ASKING:
        consent = Consent.of(yes=arguments.yes, name=getattr(arguments, "confirm", None))
        admit(deployment, arguments.command, consent, output)
    else:
        consent = Consent()
    if arguments.command in ALONE:
        with exclusive(deployment.shared, arguments.command):
            return _work(arguments, deployment, consent, output)
    return _work(arguments, deployment, consent, output)


def _work(arguments: argparse.Namespace, deployment: Deployment, consent: Consent, output: Output) -> ExitCode:
    match arguments.command:
        case "up":
            local_stack.up(deployment, output, clock_speed=arguments.clock_speed)
            output.notice(f"The stack is up. `make status` says what runs; clients find their settings in {deployment.home.env_file}.")
        case "down":
            local_stack.down(deployment, output)
        case "plan":
            stack_commands.plan(deployment, output)
        case "apply":
            stack_commands.apply(deployment, consent, output)
        case "destroy":
            stack_commands.destroy(deployment, consent, output)
        case "package":
            output.result("package", {"tfvars": str(deployment.package())})
        case "outputs":
            stack_commands.outputs(deployment, output)
        case "tool":
            stack_commands.tool(deployment, arguments.words[1:] if arguments.words[:1] == ["--"] else arguments.words)
        case "status":
            return _status(arguments, deployment, output)
    return ExitCode.PASS


def _status(arguments: argparse.Namespace, deployment: Deployment, output: Output) -> ExitCode:
    """On the laptop its own status, which tells lag and last delivery; elsewhere the states of the stack's parts."""
    if deployment.laptops_own:
        stack_commands.become(os.environ, "local_aws", "status", "--output", arguments.output)
    return stack_commands.status(deployment, output)


if __name__ == "__main__":
    sys.exit(run(_parser(), _command))
