"""Terraform's linters over the stack, its modules, the bootstrap root and the examples.

    terraform fmt        every .tf, .tfvars and .tftest.hcl file
    terraform validate   each root; modules are validated in the roots that call them
    tflint               each directory, rules in tflint.hcl
    checkov              everything; each check that is left out stands in checkov.yaml with its reason

Validation needs an initialised directory, so it works on a copy: nothing is written beside the sources.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from console import Output
from lint import tools
from lint.errors import Findings
from operations.prerequisites import plugin_directory


def check(checkout: Path, output: Output) -> None:
    """Run all four; the first that finds something ends it.

    Raises:
        Findings: with the linter's own words.
        MissingTool: a linter is not there.
    """
    source = checkout / "terraform"
    tools.run("terraform fmt", ["terraform", f"-chdir={source}", "fmt", "-check", "-recursive", "-diff"], where=checkout)
    output.result("fmt", {"ok": True}, "terraform fmt: formatted.")
    validated = _validate(checkout)
    output.result("validate", {"roots": validated}, f"terraform validate: {len(validated)} roots are valid.")
    linted = _tflint(checkout, output)
    output.result("tflint", {"directories": linted}, f"tflint: {linted} directories, no issue.")
    counts = _checkov(checkout, output)
    output.result("checkov", counts, f"checkov: {counts['passed']:,} passed, {counts['failed']} failed, {counts['resources']} resources.")


def roots(source: Path) -> list[Path]:
    """The directories that are applied: the stack, the bootstrap and the examples."""
    return [source, source / "bootstrap", *sorted(path for path in (source / "examples").iterdir() if path.is_dir())]


def directories(source: Path) -> list[Path]:
    """The roots and the modules."""
    return [*roots(source), *sorted(path for path in (source / "modules").iterdir() if path.is_dir())]


def _validate(checkout: Path) -> list[str]:
    copy = checkout / ".local" / "lint" / "sources"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(checkout / "terraform", copy / "terraform", ignore=shutil.ignore_patterns(".terraform"))
    shutil.copytree(checkout / "schema", copy / "schema")
    lock = copy / "terraform" / ".terraform.lock.hcl"
    mirror = plugin_directory()
    plugins = [f"-plugin-dir={mirror}"] if mirror else []
    validated = []
    for root in roots(copy / "terraform"):
        name = root.relative_to(copy).as_posix()
        if root != lock.parent:
            shutil.copy(lock, root / lock.name)
        environment = _terraform_environment(root / ".terraform")
        init = ["terraform", f"-chdir={root}", "init", "-backend=false", "-input=false", "-no-color", "-lockfile=readonly", *plugins]
        tools.run(f"terraform init in {name}", init, where=checkout, environment=environment)
        printed = tools.run(
            f"terraform validate in {name}",
            ["terraform", f"-chdir={root}", "validate", "-no-color", "-json"],
            where=checkout,
            environment=environment,
        )
        _no_warnings(name, json.loads(printed))
        validated.append(name)
    return validated


def _no_warnings(name: str, document: dict[str, Any]) -> None:
    said = [f"{item['severity']}: {item['summary']}: {item.get('detail', '')}" for item in document["diagnostics"]]
    if said:
        raise Findings(f"terraform validate in {name} warns.", *said)


def _terraform_environment(data: Path) -> dict[str, str]:
    environment = {"TF_DATA_DIR": str(data), "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
    configured = os.environ.get("TF_CLI_CONFIG_FILE")
    # A file that is named and not there makes terraform warn in every answer.
    return {**environment, "TF_CLI_CONFIG_FILE": os.devnull} if configured and not Path(configured).exists() else environment


def _tflint(checkout: Path, output: Output) -> int:
    program = tools.go_tool(tools.TFLINT, checkout, output)
    linted = directories(checkout / "terraform")
    for directory in linted:
        command = [
            str(program),
            f"--chdir={directory}",
            f"--config={tools.LINT / 'tflint.hcl'}",
            "--no-color",
            "--minimum-failure-severity=notice",
        ]
        tools.run(f"tflint in {directory.relative_to(checkout)}", command, where=checkout)
    return len(linted)


def _checkov(checkout: Path, output: Output) -> dict[str, int]:
    """Totals over all frameworks. Every skip is in checkov.yaml: none may stand in the sources."""
    program = tools.python_tool(tools.CHECKOV, checkout, output)
    command = [
        str(program),
        "--config-file",
        str(tools.LINT / "checkov.yaml"),
        "--directory",
        "terraform",
        "--output",
        "json",
        "--quiet",
        "--compact",
    ]
    printed = tools.run("checkov", command, where=checkout, environment={"BC_API_KEY": "", "LOG_LEVEL": "ERROR"})
    document = json.loads(printed)
    reports = document if isinstance(document, list) else [document]
    summaries = [report.get("summary", report) for report in reports]
    total = {
        word: sum(int(summary.get(key, 0)) for summary in summaries)
        for word, key in (("passed", "passed"), ("failed", "failed"), ("resources", "resource_count"), ("unread", "parsing_errors"))
    }
    if not total["passed"] or total["unread"]:
        raise Findings("checkov has not read the sources.", f"It says: {json.dumps(total)}")
    return total
