"""Each way in which terraform ends with an error is one sentence; a stand-in says what terraform 1.11 says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from console import CouldNotRun
from local_aws.home import Home
from operations.errors import StateBucketMissing, StateLocked, TerraformFailed
from operations.terraform import Terraform

LOCKED = """
╷
│ Error: Error acquiring the state lock
│
│ Error message: operation error S3: PutObject, StatusCode: 412, api error PreconditionFailed
│ Lock Info:
│   ID:        6e1c7fb1-2e6d-7e53-ad9c-5a1b4a6ea9c7
│   Path:      user-events-prod-state/user-events/prod.tfstate
│   Operation: OperationTypeApply
│   Who:       ada@laptop
│   Version:   1.11.4
│   Created:   2026-11-25 03:04:05.678 +0000 UTC
╵
"""
ABSENT = """
Error: Failed to get existing workspaces: S3 bucket "user-events-prod-state" does not exist.

The referenced S3 bucket must have been previously created.
"""
PROVIDER = """
Error: Failed to query available provider packages

Could not retrieve the list of available versions for provider hashicorp/aws: could not connect to registry
"""


@pytest.fixture
def ends_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Terraform]:
    """A `terraform` that prints a text and fails."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("operations.terraform.plugin_directory", lambda: None)

    def put(text: str) -> Terraform:
        (tmp_path / "text").write_text(text)
        program = tmp_path / "terraform"
        program.write_text(f"#!/bin/sh\ncat {tmp_path / 'text'}\nexit 1\n")
        program.chmod(0o755)
        return Terraform(tmp_path / "data", tmp_path / "prod.backend.hcl", (), {}, Home(tmp_path / "home"), lambda _line: None, tmp_path)

    return put


def test_a_locked_state_names_who_holds_it_and_the_way_out(ends_with: Callable[[str], Terraform]) -> None:
    diagnostic = {"severity": "error", "summary": "Error acquiring the state lock", "detail": LOCKED.split("lock\n", 1)[1]}
    for text in (LOCKED, json.dumps({"type": "diagnostic", "diagnostic": diagnostic})):
        with pytest.raises(StateLocked) as refused:
            ends_with(text).plan()
        assert refused.value.message == "The state is locked by ada@laptop since 2026-11-25 03:04:05.678 +0000 UTC (OperationTypeApply)."
        assert "6e1c7fb1-2e6d-7e53-ad9c-5a1b4a6ea9c7" in refused.value.advice[1]
        assert refused.value.exit_code == 3


def test_a_missing_state_bucket_says_how_to_make_it(ends_with: Callable[[str], Terraform]) -> None:
    with pytest.raises(StateBucketMissing, match="bucket user-events-prod-state does not exist") as refused:
        ends_with(ABSENT).init()
    assert "modules/bootstrap" in refused.value.advice[0]


def test_a_provider_that_cannot_be_had_says_how_to_use_a_mirror(ends_with: Callable[[str], Terraform]) -> None:
    with pytest.raises(TerraformFailed, match="could not get the AWS provider") as refused:
        ends_with(PROVIDER).init()
    assert any("TERRAFORM_PLUGIN_DIR" in line for line in refused.value.advice)


def test_anything_else_keeps_terraforms_own_words_and_says_where_all_of_them_are(ends_with: Callable[[str], Terraform]) -> None:
    with pytest.raises(CouldNotRun, match=r"terraform apply failed") as refused:
        ends_with("Error: creating S3 Bucket: BucketAlreadyExists\n").apply()
    assert refused.value.advice[0] == "Error: creating S3 Bucket: BucketAlreadyExists"
    assert "terraform.log" in refused.value.advice[-1]
