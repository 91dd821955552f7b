"""The environments: tfvars and backend files are all that differs between targets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hcl2
import pytest

ROOT = Path(__file__).resolve().parents[3] / "terraform"
NAMES = ("local", "dev", "staging", "prod")
LAMBDA = {"lambda_runtime", "lambda_architecture", "lambda_packages"}


def values(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8") as file:
        document = hcl2.load(file)
    return {name: value.strip('"') if isinstance(value, str) else value for name, value in document.items() if not name.startswith("__")}


def variables() -> dict[str, dict[str, Any]]:
    with (ROOT / "variables.tf").open(encoding="utf-8") as file:
        return {name.strip('"'): body for block in hcl2.load(file)["variable"] for name, body in block.items()}


def test_there_are_four_environments_each_with_its_backend() -> None:
    assert sorted(path.stem for path in (ROOT / "environments").glob("*.tfvars")) == sorted(NAMES)
    assert sorted(path.name.removesuffix(".backend.hcl") for path in (ROOT / "environments").glob("*.backend.hcl")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_environment_sets_variables_that_there_are(name: str) -> None:
    chosen = values(ROOT / "environments" / f"{name}.tfvars")
    assert set(chosen) <= set(variables())
    assert chosen["environment"] == name


@pytest.mark.parametrize("name", NAMES)
def test_an_environment_and_the_zips_give_every_variable_without_default(name: str) -> None:
    needed = {variable for variable, body in variables().items() if "default" not in body}
    assert needed <= set(values(ROOT / "environments" / f"{name}.tfvars")) | LAMBDA


@pytest.mark.parametrize("name", NAMES)
def test_a_state_is_kept_in_a_locked_bucket_of_its_own(name: str) -> None:
    backend = values(ROOT / "environments" / f"{name}.backend.hcl")
    assert backend["bucket"] == f"user-events-{name}-state"
    assert backend["key"] == f"user-events/{name}.tfstate"
    assert backend["use_lockfile"] is True


@pytest.mark.parametrize("name", NAMES)
def test_every_environment_keeps_three_copies_on_three_brokers(name: str) -> None:
    chosen = {variable: body.get("default") for variable, body in variables().items()} | values(ROOT / "environments" / f"{name}.tfvars")
    assert (chosen["kafka_broker_count"], chosen["topic_replication_factor"], chosen["topic_min_insync_replicas"]) == (3, 3, 2)


def test_the_laptop_leaves_the_lambda_settings_to_the_machine() -> None:
    chosen = values(ROOT / "environments" / "local.tfvars")
    assert not LAMBDA & set(chosen)
    assert "bucket_lifecycle_days" not in chosen, "the provider would wait a minute for it"
    assert chosen["earliest_event_date"] == "2020-01-01", "the samples are of 2023"


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_where_data_matters_the_window_rolls_and_destroy_keeps_the_bucket(name: str) -> None:
    chosen = values(ROOT / "environments" / f"{name}.tfvars")
    assert chosen["max_event_age_days"] <= 400
    assert "earliest_event_date" not in chosen
    assert not chosen.get("bucket_force_destroy", False)
