"""The linters' settings: every waiver has a reason, every lock has hashes, and a tool that is missing is named."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml

from console import TextOutput
from lint import tools
from lint.errors import Findings, MissingTool

LINT = Path(tools.__file__).resolve().parent


def test_every_skipped_check_has_its_reason_beside_it() -> None:
    text = (LINT / "checkov.yaml").read_text(encoding="utf-8")
    skipped = yaml.safe_load(text)["skip-check"]
    told = dict(re.findall(r"^  - (CKV2?_\w+) # (.{15,})$", text, re.MULTILINE))
    assert sorted(skipped) == sorted(told)
    assert len(set(skipped)) == len(skipped)


def test_only_listed_rules_of_tflint_are_on_and_none_is_off() -> None:
    text = (LINT / "tflint.hcl").read_text(encoding="utf-8")
    rules = re.findall(r'rule "terraform_\w+" \{\n  enabled = (true|false)', text)
    assert len(rules) >= 13
    assert set(rules) == {"true"}


@pytest.mark.parametrize("tool", [tools.CHECKOV, tools.ZIZMOR], ids=lambda tool: tool.name)
def test_a_python_linter_is_locked_with_hashes_and_without_addresses(tool: tools.PythonTool) -> None:
    text = (LINT / f"{tool.name}.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^[\w.-]+(?:\[[\w,-]+\])?==[\w.]+[^\n]*\\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[\w.-]+(?:\[[\w,-]+\])?==", text, re.MULTILINE)) > 0
    assert re.search(rf"^{tool.name}==", text, re.MULTILINE)
    assert "://" not in text


def test_without_go_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingTool, match="go is not on the PATH: install Go"):
        tools.go_tool(tools.TFLINT, tmp_path, TextOutput())


def test_a_build_that_fails_is_told_in_gos_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho 'no such version' >&2\nexit 1\n", encoding="utf-8")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(MissingTool, match="no such version"):
        tools.go_tool(tools.TFLINT, tmp_path, TextOutput())


def test_a_tool_that_is_there_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / ".local" / "tools" / f"tflint-{tools.TFLINT.version}" / "tflint"
    program.parent.mkdir(parents=True)
    program.touch()
    monkeypatch.setenv("PATH", "")
    assert tools.go_tool(tools.TFLINT, tmp_path, TextOutput()) == program


def test_what_a_linter_found_reaches_the_user(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; print('line 3: bad'); sys.exit(2)"]
    with pytest.raises(Findings, match="line 3: bad"):
        tools.run("some linter", command, where=tmp_path)
