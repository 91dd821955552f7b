"""`python -m operations`: what an owner does to a stack; `make` targets call it."""

from __future__ import annotations

import argparse
import json
import sys

from console import CommandLineParser, ExitCode, Output, UsageError, add_common_options, run
from local_aws.home import Home
from operations import demo, local_stack, prerequisites
from operations.deployment import Deployment, Target, exclusive


def _parser() -> argparse.ArgumentParser:
    parser = CommandLineParser(prog="python -m operations", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in {
        "up": "start the local target and apply the stack; harmless when it is up",
        "down": "destroy the stack, stop the target, leave no process",
        "plan": "say what an apply would change",
        "outputs": "print `terraform output -json`, and keep it for the tools",
        "package": "build the Lambda zips, and say which tfvars file names them",
        "demo": "up, load, deliver, validate, second plan, down, in a place of its own",
        "check": "say whether this machine has what is needed",
    }.items():
        command = commands.add_parser(name, help=text, description=text)
        add_common_options(command)
        if name in ("up", "demo"):
            command.add_argument(
                "--clock-speed",
                type=float,
                default=local_stack.DEFAULT_CLOCK_SPEED,
                metavar="N",
                help="delivery intervals run N times faster than the wall (default: %(default)g)",
            )
        if name in ("up", "down", "plan", "outputs", "package"):
            command.add_argument(
                "--env", default="local", metavar="NAME", help="environment: a tfvars file in terraform/environments (default: local)"
            )
            command.add_argument(
                "--target", choices=[target.value for target in Target], help="where it is applied (default: local for local, else aws)"
            )
    return parser


def _command(arguments: argparse.Namespace, output: Output) -> ExitCode:
    if arguments.command == "check":
        prerequisites.check(local_target=True)
        output.notice("All prerequisites are there.")
        return ExitCode.PASS
    if arguments.command == "demo":
        demo.show(output, arguments.clock_speed)
        return ExitCode.PASS
    deployment = Deployment.of(arguments.env, arguments.target, Home.default())
    if arguments.command in ("up", "down") and deployment.target is not Target.LOCAL:
        raise UsageError(f"`{arguments.command}` works on the laptop alone.", "On AWS use terraform itself; terraform/README.md shows how.")
    with exclusive(deployment.home):
        return _work(arguments, deployment, output)


def _work(arguments: argparse.Namespace, deployment: Deployment, output: Output) -> ExitCode:
    match arguments.command:
        case "up":
            local_stack.up(deployment, output, clock_speed=arguments.clock_speed)
            output.notice(f"The stack is up. `make status` says what runs; clients find their settings in {deployment.home.env_file}.")
        case "down":
            local_stack.down(deployment, output)
        case "plan":
            deployment.prepare_state()
            terraform = deployment.terraform()
            terraform.init()
            changes = terraform.plan()
            output.table(
                "changes", ["action", "address"], [["/".join(actions), address] for address, actions in sorted(changes.actions.items())]
            )
            output.result("plan", {"changes": len(changes.actions), "outputs": list(changes.outputs), "empty": changes.empty})
        case "package":
            output.result("package", {"tfvars": str(deployment.package())})
        case "outputs":
            terraform = deployment.terraform()
            terraform.init()
            found = terraform.outputs()
            local_stack.keep_outputs(deployment, found)
            sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return ExitCode.PASS


if __name__ == "__main__":
    sys.exit(run(_parser(), _command))
