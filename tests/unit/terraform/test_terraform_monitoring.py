"""The monitoring module's table of alarms against what it must agree with: runbooks, the transform's reasons, AWS's codes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from local_aws.control_plane.logs.metrics import matcher
from transform.reasons import Kind

CHECKOUT = Path(__file__).resolve().parents[3]
MODULE = CHECKOUT / "terraform" / "modules" / "monitoring"
RUNBOOKS = sorted((CHECKOUT / "docs" / "runbooks").glob("*.md"))
ALARMS = (MODULE / "alarms.tf").read_text(encoding="utf-8")
MAIN = (MODULE / "main.tf").read_text(encoding="utf-8")
SECTIONS = ["What it means", "Likely causes", "How to look", "What to do", "How to know that it is over", "What it rests on"]

S3_CODES = [
    "S3.KMS.NotFoundException",
    "S3.KMS.RequestLimitExceeded",
    "S3.AccessDenied",
    "S3.AccountProblem",
    "S3.AllAccessDisabled",
    "S3.NoSuchBucket",
    "S3.MethodNotAllowed",
]
LAMBDA_CODES = ["Lambda.AssumeRoleAccessDenied", "Lambda.InvokeAccessDenied", "Lambda.ResourceNotFound"]
OTHER_CODES = ["InternalError", "Lambda.FunctionError", "Lambda.InvokeLimitExceeded", "Lambda.MissingRecordId", "S3.InternalError"]


def linked() -> set[str]:
    """The runbooks that alarms link: an alarm's own name, or the `runbook` that it gives."""
    in_table = re.findall(r"^\s+([a-z][a-z-]+)\s*= \{\n\s+(?:express|severity)\s+=", ALARMS, re.MULTILINE)
    named = re.findall(r'^\s+runbook\s+= "([a-z-]+)"', ALARMS, re.MULTILINE)
    written_out = re.findall(r"\$\{var\.runbook_base_url\}/([a-z-]+)\.md", MAIN)
    assert set(named) <= set(in_table)
    return {*in_table, *written_out}


def test_every_alarm_has_its_runbook_and_every_runbook_its_alarm() -> None:
    assert len(linked()) > 20
    assert {path.stem for path in RUNBOOKS} == linked()


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_a_runbook_says_all_that_is_asked_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {path.stem}: ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    commands = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    assert commands and "aws " in commands[0]
    rests_on = text.partition("## What it rests on")[2]
    assert "guide" in rests_on or '"' in rests_on, "no page of AWS is named"


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_a_runbook_links_runbooks_and_make_targets_that_there_are(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert {f"{name}.md" for name in re.findall(r"\]\(([a-z-]+)\.md\)", text)} <= {found.name for found in RUNBOOKS}
    targets = set(re.findall(r"^([a-z][a-z-]*):", (CHECKOUT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= targets


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_a_runbook_names_variables_that_there_are(path: Path) -> None:
    declared = set(re.findall(r'^variable "(\w+)"', (CHECKOUT / "terraform" / "variables.tf").read_text(encoding="utf-8"), re.MULTILINE))
    prefixes = ("topic_", "kafka_", "transform_", "delivery_", "alarm_", "max_event_", "active_partition_")
    named = {word for word in re.findall(r"`(\w+)(?:\.\w+)?`", path.read_text(encoding="utf-8")) if word.startswith(prefixes)}
    assert named <= declared


def test_every_alarm_says_why_missing_data_means_what_it_means() -> None:
    lines = ALARMS.splitlines()
    for number, line in enumerate(lines):
        if re.match(r"\s+missing\s+= ", line):
            above = next(lines[back] for back in range(number - 1, 0, -1) if lines[back].strip())
            in_rejections = "threshold  = percent" in above  # the reason stands at rejected-share
            assert "#" in line or above.strip().startswith("#") or in_rejections, f"line {number + 1}: {line}"


def test_the_reasons_are_those_of_the_transform() -> None:
    kinds = {kind.value for kind in Kind}
    [checked] = re.findall(
        r"keys\(var\.thresholds\.rejected_percent_by_reason\), \[(.*?)\]", (MODULE / "variables.tf").read_text(), re.DOTALL
    )
    [drawn] = re.findall(r"reasons = \[(.*?)\]", (MODULE / "dashboard.tf").read_text(), re.DOTALL)
    assert set(re.findall(r'"(\w+)"', checked)) == kinds
    assert set(re.findall(r'"(\w+)"', drawn)) == kinds


def test_access_errors_are_told_from_others() -> None:
    [codes] = re.findall(r"for code in \[\n(.*?)\n\s+\]", MAIN, re.DOTALL)
    terms = re.findall(r'^\s+"([^"]+)"', codes, re.MULTILINE)
    matches = matcher("{{ {} }}".format(" || ".join(f'($.errorCode = "{code}")' for code in terms)))
    line = '{{"deliveryStreamARN": "arn", "errorCode": "{}", "message": "AccessDenied is only in the message"}}'
    assert [code for code in S3_CODES + LAMBDA_CODES if not matches(line.format(code))] == []
    assert [code for code in OTHER_CODES if matches(line.format(code))] == []
