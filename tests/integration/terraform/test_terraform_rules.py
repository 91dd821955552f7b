"""`terraform fmt` and `terraform test` over the stack: every plan and every rule, with a provider that asks no network."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from operations.prerequisites import plugin_directory

ROOT = Path(__file__).resolve().parents[3] / "terraform"
LONGEST_FIRST = ("monitoring", "kafka", "lake", "delivery", "network", "stack", "bootstrap", "encryption", "examples", "transform")

pytestmark = pytest.mark.integration


def run(environment: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["terraform", f"-chdir={ROOT}", *words], env=environment, capture_output=True, text=True, check=False, timeout=600
    )


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Modules and provider are there; the lock file is what is committed; no credentials, no endpoint."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    environment = {**kept, "TF_DATA_DIR": str(tmp_path_factory.mktemp("terraform")), "AWS_EC2_METADATA_DISABLED": "true"}
    plugins = plugin_directory()
    mirror = [f"-plugin-dir={plugins}"] if plugins else []
    done = run(environment, "init", "-backend=false", "-input=false", "-no-color", "-lockfile=readonly", *mirror)
    assert done.returncode == 0, done.stderr
    return environment


def test_the_files_are_formatted(environment: dict[str, str]) -> None:
    assert run(environment, "fmt", "-check", "-recursive").stdout == ""


def test_every_file_of_runs_is_known() -> None:
    assert sorted(path.name.partition(".")[0] for path in (ROOT / "tests").glob("*.tftest.hcl")) == sorted(LONGEST_FIRST)


def test_plans_are_as_described_and_every_rule_holds(environment: dict[str, str]) -> None:
    """Two files at a time: most of a run is the start of the provider."""
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda name: run(environment, "test", "-no-color", f"-filter=tests/{name}.tftest.hcl"), LONGEST_FIRST))
    failed = [
        done.stdout + done.stderr
        for done in results
        if done.returncode != 0 or not re.search(r"Success! \d+ passed, 0 failed", done.stdout)
    ]
    assert failed == [], "\n".join(failed)
