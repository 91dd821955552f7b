"""What every Terraform file of the project has in common, read with python-hcl2: no terraform, no provider needed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import hcl2
import pytest

from stack import FOR_PEOPLE, StackOutputs

ROOT = Path(__file__).resolve().parents[3] / "terraform"
MODULES = sorted(path for path in (ROOT / "modules").iterdir() if path.is_dir())
EXAMPLES = sorted(path for path in (ROOT / "examples").iterdir() if path.is_dir())
ROOTS = [ROOT, ROOT / "bootstrap", *EXAMPLES]
"""What is applied, and so configures the provider."""
FILES = sorted(path for path in ROOT.rglob("*.tf") if ".terraform" not in path.parts)
DIRECTORIES = [*ROOTS, *MODULES]
BANNER = re.compile(r"^#{80}\n# (.+)\n#{80}$", re.MULTILINE)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


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


@pytest.mark.parametrize("directory", DIRECTORIES, ids=relative)
def test_every_module_has_the_same_files(directory: Path) -> None:
    needed = {"main.tf", "variables.tf", "outputs.tf", "versions.tf"}
    # Monitoring's table of alarms and its dashboard are too long to stand between resources.
    allowed = needed | {"rules.tf"} | ({"alarms.tf", "dashboard.tf"} if directory.name == "monitoring" else set())
    assert needed <= {path.name for path in directory.glob("*.tf")} <= allowed


@pytest.mark.parametrize("directory", DIRECTORIES, ids=relative)
def test_every_variable_is_described_and_typed(directory: Path) -> None:
    variables = dict(named_blocks(directory / "variables.tf", "variable"))
    lacking = [name for name, body in variables.items() if not body.get("description") or not body.get("type")]
    assert variables and lacking == []


@pytest.mark.parametrize("directory", DIRECTORIES, ids=relative)
def test_every_output_is_described(directory: Path) -> None:
    outputs = dict(named_blocks(directory / "outputs.tf", "output"))
    assert outputs and [name for name, body in outputs.items() if not body.get("description")] == []


@pytest.mark.parametrize("directory", DIRECTORIES, ids=relative)
def test_variables_and_outputs_stand_in_their_files_alone(directory: Path) -> None:
    strays = [
        (path.name, kind)
        for path in directory.glob("*.tf")
        for kind, home in (("variable", "variables.tf"), ("output", "outputs.tf"), ("check", "rules.tf"))
        if path.name != home and parse(path).get(kind)
    ]
    assert strays == []


@pytest.mark.parametrize("directory", DIRECTORIES, ids=relative)
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


@pytest.mark.parametrize("directory", DIRECTORIES, ids=relative)
def test_the_only_provider_is_aws(directory: Path) -> None:
    [settings] = parse(directory / "versions.tf")["terraform"]
    [providers] = settings["required_providers"]
    assert {name for name in providers if not name.startswith("__")} == {"aws"}
    assert providers["aws"] == {"source": '"hashicorp/aws"', "version": '">= 5.100, < 6"'}


def test_types_of_resources_are_of_aws_or_built_in() -> None:
    types = {name for path in FILES for kind in ("resource", "data") for name, _ in named_blocks(path, kind)}
    assert [name for name in types if not name.startswith("aws_") and name != "terraform_data"] == []


def test_roots_alone_configure_the_provider() -> None:
    """A module with a provider of its own cannot be counted, nor removed from a state that still holds its resources."""
    assert {path for path in FILES if parse(path).get("provider")} == {root / "versions.tf" for root in ROOTS}


@pytest.mark.parametrize("root", ROOTS, ids=relative)
def test_a_provider_is_told_region_and_tags_and_nothing_else(root: Path) -> None:
    [(_, provider)] = named_blocks(root / "versions.tf", "provider")
    assert {name for name in provider if not name.startswith("__")} - {"allowed_account_ids"} == {"region", "default_tags"}


def test_a_backend_is_chosen_where_a_state_is_kept_and_nowhere_else() -> None:
    chosen = {path for path in FILES for block in parse(path).get("terraform", []) if {"backend", "cloud"} & set(block)}
    assert chosen == {ROOT / "versions.tf", ROOT / "bootstrap" / "versions.tf"}


def test_the_root_gives_every_output_that_the_tools_read() -> None:
    outputs = {name for name, _ in named_blocks(ROOT / "outputs.tf", "output")}
    assert set(StackOutputs.__dataclass_fields__) - {"directory"} <= outputs


def test_every_other_output_is_named_as_one_for_people() -> None:
    outputs = {name for name, _ in named_blocks(ROOT / "outputs.tf", "output")}
    assert outputs - set(StackOutputs.__dataclass_fields__) == FOR_PEOPLE


def test_the_lock_file_holds_every_platform() -> None:
    lock = text(ROOT / ".terraform.lock.hcl")
    assert text(ROOT / "bootstrap" / ".terraform.lock.hcl") == lock, "the bootstrap root uses another provider than the stack"
    assert re.findall(r'provider "([^"]+)"', lock) == ["registry.terraform.io/hashicorp/aws"]
    assert len(re.findall(r'"zh:[0-9a-f]{64}"', lock)) == 15
    assert len(re.findall(r'"h1:[^"]{44}"', lock)) == 2


def test_every_rule_is_seen_to_fail_in_a_run() -> None:
    """A validation, precondition or check that no run expects to fail is not known to work."""
    for directory in [ROOT, *MODULES]:
        name = "stack" if directory == ROOT else directory.name
        expected = re.findall(
            r"(?:var|check|terraform_data)\.\w+",
            " ".join(re.findall(r"expect_failures = \[(.*?)\]", text(ROOT / "tests" / f"{name}.tftest.hcl"), re.DOTALL)),
        )
        rules = {f"var.{variable}" for variable, body in named_blocks(directory / "variables.tf", "variable") if body.get("validation")}
        if (directory / "rules.tf").exists():
            rules |= {f"check.{check}" for check, _ in named_blocks(directory / "rules.tf", "check")} | {"terraform_data.rules"}
        assert rules <= set(expected), f"{name}: no run for {sorted(rules - set(expected))}"


@pytest.mark.parametrize("root", ROOTS[1:], ids=relative)
def test_a_root_that_only_passes_values_on_leaves_the_rules_to_the_modules(root: Path) -> None:
    """A rule there would have no run, and two places to change."""
    assert [name for name, body in named_blocks(root / "variables.tf", "variable") if body.get("validation")] == []
    assert not (root / "rules.tf").exists()


def test_every_example_has_a_run() -> None:
    runs = text(ROOT / "tests" / "examples.tftest.hcl")
    assert sorted(re.findall(r'source = "\./examples/([\w-]+)"', runs)) == [path.name for path in EXAMPLES]


WILDCARD = re.compile(r'^\s*(?:(?:Action|Resource)\s*=\s*)?\[?"(?:\*|[\w-]+:\*)"')
"""All resources, or all actions of a service; families such as `ec2:Describe*` and ARNs with a wildcard are narrower."""


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_a_wildcard_in_a_policy_stands_below_its_reason(path: Path) -> None:
    """The reason is a comment in the same block of lines: above the statement, in it, or at the line's end."""
    for number, line in wildcards(text(path)):
        assert reason_near(text(path), number), f"{relative(path)}:{number}: {line.strip()}: no comment says why"


def test_a_wildcard_without_a_reason_is_found() -> None:
    bare = 'locals {\n  x = {\n    Action   = ["s3:*"]\n    Resource = "*"\n  }\n}\n'
    assert [(number, reason_near(bare, number)) for number, _ in wildcards(bare)] == [(3, False), (4, False)]
    told = bare.replace("    Action", "    # For a test.\n    Action")
    assert [reason_near(told, number) for number, _ in wildcards(told)] == [True, True]


def wildcards(source: str) -> list[tuple[int, str]]:
    """Numbered lines (from 1) that grant or deny everything of a kind; principals are not counted, conditions narrow them."""
    return [(number, line) for number, line in enumerate(source.splitlines(), 1) if WILDCARD.match(line)]


def reason_near(source: str, number: int) -> bool:
    """Whether a comment gives a reason for line `number`: at its end; above it with no blank line between; or above its whole
    block, if it speaks of wildcards, or of all, any or every thing."""
    lines = source.splitlines()
    if re.search(r'["\]]\s*,?\s*#', lines[number - 1]):
        return True
    above = lines[: number - 1]
    near = list(takewhile(lambda line: line.strip(), reversed(above)))
    if any(re.match(r"\s*#[^#]", line) for line in near):
        return True
    block = next((index for index in range(len(above) - 1, -1, -1) if re.match(r"\w", above[index])), 0)
    heading = list(takewhile(lambda line: line.startswith("# "), reversed(above[:block])))
    return re.search(r"\b(wildcards?|all|any|every(thing)?)\b", " ".join(heading), re.IGNORECASE) is not None


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_nothing_waits_by_the_clock_blocks_a_destroy_or_ignores_a_change_without_a_reason(path: Path) -> None:
    assert re.findall(r"\btime_sleep\b|\bprevent_destroy\b|\bnull_resource\b|\blocal-exec\b|\bremote-exec\b", code(path)) == []
    lines = text(path).splitlines()
    for number, line in enumerate(lines, 1):
        if "ignore_changes" in line and not line.lstrip().startswith("#"):
            assert "#" in line or lines[number - 2].lstrip().startswith("#"), f"{relative(path)}:{number}: no comment says why"


def test_no_waiver_stands_in_the_sources() -> None:
    """Each has a reason in lint/checkov.yaml instead, where all of them can be read at once."""
    assert [relative(path) for path in FILES if re.search(r"checkov:skip|tflint-ignore|trivy:ignore|tfsec:ignore", text(path))] == []


def test_every_message_says_what_to_do() -> None:
    for path in FILES:
        for message in re.findall(r'error_message\s*=\s*"(.*)"$', text(path), re.MULTILINE):
            assert len(message) > 40 and message.endswith((".", "?}")), f"{relative(path)}: {message}"
