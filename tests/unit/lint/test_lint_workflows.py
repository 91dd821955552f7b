"""The GitHub workflow as data: pinned actions, least rights, no key, and an apply that only an environment can let through."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

GITHUB = Path(__file__).resolve().parents[3] / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
TERRAFORM = GITHUB / "workflows" / "terraform.yml"


def parse(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


JOBS: dict[str, Any] = parse(TERRAFORM)["jobs"]


def scripts(job: str) -> str:
    return "\n".join(step["run"] for step in JOBS[job]["steps"] if "run" in step)


def uses(job: str, action: str) -> dict[str, Any]:
    """What a job hands to an action."""
    [found] = [step for step in JOBS[job]["steps"] if step.get("uses", "").startswith(f"{action}@")]
    return found.get("with", {})


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_to_a_commit_with_their_version_beside(path: Path) -> None:
    lines = re.findall(r"^\s*-?\s*uses:\s*(.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_an_action_has_one_commit_in_all_jobs(path: Path) -> None:
    pins = set(re.findall(r"uses:\s*([\w-]+/[\w-]+)@([0-9a-f]{40})", path.read_text(encoding="utf-8")))
    assert len({action for action, _ in pins}) == len(pins)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_nothing_is_allowed_that_a_job_does_not_ask_for(path: Path) -> None:
    assert parse(path)["permissions"] == {}
    for name, job in parse(path)["jobs"].items():
        assert set(job["permissions"].items()) <= {("contents", "read"), ("id-token", "write")}, name


def test_only_jobs_that_talk_to_aws_get_a_token_for_it() -> None:
    assert {name for name, job in JOBS.items() if "id-token" in job["permissions"]} == {"plan", "apply"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_key_is_stored(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"secrets\.|aws-access-key-id|aws-secret-access-key|AWS_SECRET_ACCESS_KEY|AKIA[0-9A-Z]{16}", text) == []
    assert re.findall(r"pull_request_target|workflow_run", text) == [], "a stranger's code would run with the repository's rights"


@pytest.mark.parametrize("job", JOBS)
def test_no_script_is_made_of_what_an_expression_holds(job: str) -> None:
    """A name with a quote in it would be run: values come in as environment variables."""
    assert "${{" not in scripts(job)


@pytest.mark.parametrize("job", JOBS)
def test_a_checkout_leaves_no_token_behind_and_a_job_ends(job: str) -> None:
    assert uses(job, "actions/checkout") == {"persist-credentials": False}
    assert JOBS[job]["timeout-minutes"] <= 120


def test_the_checks_run_before_anything_else_needs_them() -> None:
    said = scripts("checks")
    for command in ("fmt -check -recursive", "validate", "terraform test"):
        assert re.search(rf"terraform( -chdir=terraform)? {command.removeprefix('terraform ')}", said), command
    assert set(JOBS["apply"]["needs"]) == {"checks", "lint", "plan"}


def test_a_plan_reads_with_the_plan_role_and_takes_no_lock() -> None:
    assert uses("plan", "aws-actions/configure-aws-credentials")["role-to-assume"] == "${{ matrix.plan_role }}"
    assert "plan -lock=false" in scripts("plan")
    assert "apply" not in scripts("plan")
    assert "head.repo.full_name == github.repository" in JOBS["plan"]["if"]


def test_the_plan_that_leaves_the_runner_is_its_text() -> None:
    """A plan's file holds sensitive values in the clear, and whoever reads the repository reads its artifacts."""
    assert uses("plan", "actions/upload-artifact")["path"].endswith(".txt")


def test_an_apply_waits_for_its_environment_and_for_the_one_before() -> None:
    apply = JOBS["apply"]
    assert apply["environment"]["name"] == "${{ matrix.name }}", "the role's trust is for this environment's subject"
    assert apply["strategy"]["max-parallel"] == 1
    assert apply["concurrency"]["cancel-in-progress"] is False
    assert apply["if"] == "github.event_name == 'push' && github.ref == 'refs/heads/main'"


def test_an_apply_does_what_was_approved_with_credentials_that_last() -> None:
    assert uses("apply", "aws-actions/configure-aws-credentials") == {
        "role-to-assume": "${{ matrix.apply_role }}",
        "role-duration-seconds": 7200,
        "aws-region": "${{ matrix.region }}",
    }
    said = scripts("apply")
    assert said.index("diff ") < said.index("apply ")
    assert 'apply "$RUNNER_TEMP/plan"' in said


def test_the_terraform_of_the_workflow_is_one_that_the_stack_takes() -> None:
    major, minor, _ = map(int, parse(TERRAFORM)["env"]["TERRAFORM_VERSION"].split("."))
    [needed] = re.findall(
        r'required_version = ">= (\d+)\.(\d+)"', (GITHUB.parent / "terraform" / "versions.tf").read_text(encoding="utf-8")
    )
    assert (major, minor) >= tuple(map(int, needed))
