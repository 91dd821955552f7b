"""The lock files: what is tested is what is deployed, for every target, from whatever registry."""

from __future__ import annotations

import re

import pytest

from lambda_package import PACKAGES
from lambda_package.packages import CHECKOUT

LOCKS = {name: definition.lock for name, definition in PACKAGES.items() if definition.lock is not None}
_PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


@pytest.mark.parametrize("name", LOCKS)
def test_the_pins_are_those_of_the_project(name: str) -> None:
    project = dict(_PIN.findall((CHECKOUT / "requirements.lock").read_text(encoding="utf-8")))
    pins = dict(_PIN.findall(LOCKS[name].read_text(encoding="utf-8")))
    assert pins
    assert pins == {distribution: project[distribution] for distribution in pins}


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_hashes_and_none_names_a_registry(name: str) -> None:
    text = LOCKS[name].read_text(encoding="utf-8")
    for block in re.split(r"\n(?=[a-z])", text):
        assert "--hash=sha256:" in block, block
    assert "://" not in text
    assert "index" not in text


def test_the_functions_of_the_monitoring_need_the_runtime_alone() -> None:
    assert set(PACKAGES) - set(LOCKS) == {"probe", "slack"}
