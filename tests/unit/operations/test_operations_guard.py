"""Who is asked before a stack is touched, and what counts as a yes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from console import TextOutput, UsageError
from local_aws.home import Home
from operations import guard
from operations.deployment import Deployment
from operations.errors import AccountNotReached, NotConfirmed, WrongAccount
from operations.guard import Consent


def deployment(tmp_path: Path, name: str, target: str, *more: Path) -> Deployment:
    return Deployment.of(name, target, Home(tmp_path / "home"), more)


def answers(text: str) -> Consent:
    return Consent(terminal=True, ask=lambda _question: text)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS as moto has it: one account, keys that anyone may make up."""
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


def test_on_aws_account_and_region_are_shown_before_anything_is_asked(
    tmp_path: Path, aws: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(NotConfirmed) as refused:
        guard.admit(deployment(tmp_path, "dev", "aws"), "plan", Consent(), TextOutput())
    assert "account 123456789012, region us-east-1" in capsys.readouterr().err
    assert refused.value.exit_code == 2
    assert "no terminal" in refused.value.message
    assert "--yes" in refused.value.advice[0]


def test_yes_goes_on_and_so_does_a_typed_yes_but_nothing_else(tmp_path: Path, aws: None) -> None:
    found = deployment(tmp_path, "dev", "aws")
    guard.admit(found, "plan", Consent(yes=True), TextOutput())
    guard.admit(found, "plan", answers("yes\n"), TextOutput())
    for text in ("y\n", "no\n", "", "prod\n"):
        with pytest.raises(NotConfirmed, match="Nothing was done"):
            guard.admit(found, "plan", answers(text), TextOutput())


def test_the_laptop_is_not_asked(tmp_path: Path) -> None:
    guard.admit(deployment(tmp_path, "prod", "local"), "plan", Consent(), TextOutput())


def test_another_account_than_the_environments_is_refused(tmp_path: Path, aws: None) -> None:
    file = tmp_path / "account.tfvars"
    file.write_text('account_id = "210987654321"\n')
    with pytest.raises(WrongAccount, match=r"ENV=dev belongs to account 210987654321, and the credentials are of 123456789012") as refused:
        guard.admit(deployment(tmp_path, "dev", "aws", file), "apply", Consent(yes=True), TextOutput())
    assert refused.value.exit_code == 3
    file.write_text('account_id = "123456789012"\n')
    guard.admit(deployment(tmp_path, "dev", "aws", file), "apply", Consent(yes=True), TextOutput())


def test_without_credentials_it_is_said_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(AccountNotReached, match="There are no AWS credentials") as refused:
        guard.admit(deployment(tmp_path, "prod", "aws"), "plan", Consent(yes=True), TextOutput())
    assert refused.value.exit_code == 3


def test_production_wants_its_name_typed_and_yes_is_not_enough(tmp_path: Path) -> None:
    for target in ("aws", "local"):
        found = deployment(tmp_path, "prod", target)
        for consent in (Consent(yes=True), Consent(yes=True, name="staging"), answers("yes\n"), answers("PROD\n")):
            with pytest.raises(NotConfirmed):
                guard.agree_to_destroy(found, consent)
        guard.agree_to_destroy(found, Consent(name="prod"))
        guard.agree_to_destroy(found, answers("prod\n"))


def test_other_environments_want_a_yes(tmp_path: Path) -> None:
    found = deployment(tmp_path, "staging", "local")
    with pytest.raises(NotConfirmed):
        guard.agree_to_destroy(found, Consent())
    guard.agree_to_destroy(found, Consent(yes=True))


def test_a_var_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        deployment(tmp_path, "dev", "local", tmp_path / "none.tfvars")
