"""What every Terraform file of the project has in common, read with python-hcl2: no terraform, no provider needed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2
import pytest

from stack import StackOutputs

ROOT = Path(__file__).resolve().parents[3] / "terraform"
MODULES = sorted(path for path in (ROOT / "modules").iterdir() if path.is_dir())
FILES = sorted(ROOT.rglob("*.tf"))
DIRECTORIES = [ROOT, *MODULES]
BANNER = re.compile(r"^#{80}\n# (.+)\n#{80}$", re.MULTILINE)


def parse(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8") as file:
        document: dict[str, Any] = hcl2.load(file)
    return document


def named_blocks(path: Path, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for block in parse(path).get(kind, []):
        for name, body in block.items():
            if isinstance(body, dict):
                yield name.strip('"'), body


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def code(path: Path) -> str:
    """The file without its comments."""
    return re.sub(r"(?m)(^|\s)#.*$", "", text(path))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("directory", DIRECTORIES, ids=lambda path: path.name)
def test_every_module_has_the_same_files(directory: Path) -> None:
    needed = {"main.tf", "variables.tf", "outputs.tf", "versions.tf"}
    # Monitoring's table of alarms and its dashboard are too long to stand between resources.
    allowed = needed | {"rules.tf"} | ({"alarms.tf", "dashboard.tf"} if directory.name == "monitoring" else set())
    assert needed <= {path.name for path in directory.glob("*.tf")} <= allowed


@pytest.mark.parametrize("directory", DIRECTORIES, ids=lambda path: path.name)
def test_every_variable_is_described_and_typed(directory: Path) -> None:
    variables = dict(named_blocks(directory / "variables.tf", "variable"))
    lacking = [name for name, body in variables.items() if not body.get("description") or not body.get("type")]
    assert variables and lacking == []


@pytest.mark.parametrize("directory", DIRECTORIES, ids=lambda path: path.name)
def test_every_output_is_described(directory: Path) -> None:
    outputs = dict(named_blocks(directory / "outputs.tf", "output"))
    assert outputs and [name for name, body in outputs.items() if not body.get("description")] == []


@pytest.mark.parametrize("directory", DIRECTORIES, ids=lambda path: path.name)
def test_variables_and_outputs_stand_in_their_files_alone(directory: Path) -> None:
    strays = [
        (path.name, kind)
        for path in directory.glob("*.tf")
        for kind, home in (("variable", "variables.tf"), ("output", "outputs.tf"), ("check", "rules.tf"))
        if path.name != home and parse(path).get(kind)
    ]
    assert strays == []


@pytest.mark.parametrize("directory", DIRECTORIES, ids=lambda path: path.name)
def test_sections_come_in_the_same_order_in_every_file(directory: Path) -> None:
    """A section of variables or outputs is one of main.tf, or several joined by a comma; the root's first is the stack."""
    order = [section.lower() for section in BANNER.findall(text(directory / "main.tf"))]
    assert order
    for name in ("variables.tf", "outputs.tf"):
        sections = [section.lower() for section in BANNER.findall(text(directory / name)) if section != "Stack"]
        positions = [order.index(section.split(", ")[0]) for section in sections]
        assert positions == sorted(positions), f"{name}: {sections}, main.tf: {order}"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_no_file_knows_of_another_target_than_aws(path: Path) -> None:
    words = re.findall(
        r"localhost|127\.0\.0\.1|endpoint_url|laptop|moto|localstack|use_path_style|skip_[a-z_]+|\bis_local\b", text(path), re.I
    )
    assert words == []
    assert re.search(r"\bendpoints\s*(=|\{)", code(path)) is None


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_no_arn_is_tied_to_one_partition(path: Path) -> None:
    assert "arn:aws:" not in text(path)


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_no_account_number_or_key_is_written_down(path: Path) -> None:
    assert re.findall(r"\b\d{12}\b|AKIA[0-9A-Z]{16}", text(path)) == []


@pytest.mark.parametrize("directory", DIRECTORIES, ids=lambda path: path.name)
def test_the_only_provider_is_aws(directory: Path) -> None:
    [settings] = parse(directory / "versions.tf")["terraform"]
    [providers] = settings["required_providers"]
    assert {name for name in providers if not name.startswith("__")} == {"aws"}
    assert providers["aws"] == {"source": '"hashicorp/aws"', "version": '">= 5.100, < 6"'}


def test_types_of_resources_are_of_aws_or_built_in() -> None:
    types = {name for path in FILES for kind in ("resource", "data") for name, _ in named_blocks(path, kind)}
    assert [name for name in types if not name.startswith("aws_") and name != "terraform_data"] == []


def test_the_root_alone_configures_the_provider() -> None:
    assert [relative(path) for path in FILES if parse(path).get("provider")] == ["versions.tf"]
    [(_, provider)] = named_blocks(ROOT / "versions.tf", "provider")
    assert {name for name in provider if not name.startswith("__")} == {"region", "default_tags"}


def test_the_root_gives_every_output_that_the_tools_read() -> None:
    outputs = {name for name, _ in named_blocks(ROOT / "outputs.tf", "output")}
    assert outputs >= set(StackOutputs.__dataclass_fields__) - {"directory"}


def test_the_lock_file_holds_every_platform() -> None:
    lock = text(ROOT / ".terraform.lock.hcl")
    assert re.findall(r'provider "([^"]+)"', lock) == ["registry.terraform.io/hashicorp/aws"]
    assert len(re.findall(r'"zh:[0-9a-f]{64}"', lock)) == 15
    assert len(re.findall(r'"h1:[^"]{44}"', lock)) == 2


def test_every_rule_is_seen_to_fail_in_a_run() -> None:
    """A validation, precondition or check that no run expects to fail is not known to work."""
    for directory in DIRECTORIES:
        name = "stack" if directory == ROOT else directory.name
        expected = re.findall(
            r"(?:var|check|terraform_data)\.\w+",
            " ".join(re.findall(r"expect_failures = \[(.*?)\]", text(ROOT / "tests" / f"{name}.tftest.hcl"), re.DOTALL)),
        )
        rules = {f"var.{variable}" for variable, body in named_blocks(directory / "variables.tf", "variable") if body.get("validation")}
        if (directory / "rules.tf").exists():
            rules |= {f"check.{check}" for check, _ in named_blocks(directory / "rules.tf", "check")} | {"terraform_data.rules"}
        assert rules <= set(expected), f"{name}: no run for {sorted(rules - set(expected))}"


def test_every_message_says_what_to_do() -> None:
    for path in FILES:
        for message in re.findall(r'error_message\s*=\s*"(.*)"$', text(path), re.MULTILINE):
            assert len(message) > 40 and message.endswith((".", "?}")), f"{relative(path)}: {message}"
