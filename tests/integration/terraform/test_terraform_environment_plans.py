"""Every environment's tfvars planned with a provider that asks no network: what its rules stop or warn of."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from operations.prerequisites import plugin_directory

ROOT = Path(__file__).resolve().parents[3] / "terraform"
ENVIRONMENTS = ("local", "dev", "staging", "prod")

ZIPS = (
    '-var=lambda_packages={transform="tests/empty.zip",topic="tests/empty.zip",probe="tests/empty.zip",slack="tests/empty.zip"}',
    "-var=lambda_runtime=python3.13",
    "-var=lambda_architecture=arm64",
)
"""What `make package` would add."""

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Modules and provider are there; no credentials, no endpoint."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    environment = {**kept, "TF_DATA_DIR": str(tmp_path_factory.mktemp("terraform")), "AWS_EC2_METADATA_DISABLED": "true"}
    plugins = plugin_directory()
    mirror = [f"-plugin-dir={plugins}"] if plugins else []
    done = subprocess.run(
        ["terraform", f"-chdir={ROOT}", "init", "-backend=false", "-input=false", "-no-color", "-lockfile=readonly", *mirror],
        env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return environment


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_breaks_no_rule_and_warns_of_nothing(name: str, environment: dict[str, str]) -> None:
    words = ("test", "-no-color", "-test-directory=tests/environments", f"-var-file=environments/{name}.tfvars", *ZIPS)
    done = subprocess.run(
        ["terraform", f"-chdir={ROOT}", *words],
        env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    printed = done.stdout + done.stderr
    assert re.findall(r'in check "(\w+)"', printed) == [], printed
    errors = re.findall(r"^Error: (.*)$", printed, re.MULTILINE)
    assert set(errors) <= {"Check block assertion failed"}, printed
    assert errors or "Success! 1 passed, 0 failed." in printed, printed
