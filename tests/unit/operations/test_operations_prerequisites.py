"""Each missing prerequisite is one sentence that says how to get it, before anything starts."""

from __future__ import annotations

import pytest

from console import CouldNotRun
from operations import prerequisites
from operations.errors import MissingPrerequisites


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A PATH that holds only what a test puts there: a name and what the program prints."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def put(name: str, prints: str) -> None:
        file = tmp_path / name
        file.write_text(f"#!/bin/sh\necho '{prints}'\n")
        file.chmod(0o755)

    return put


def test_all_missing_programs_are_named_at_once(programs):
    with pytest.raises(MissingPrerequisites) as refused:
        prerequisites.check(local_target=True)
    assert [line.split()[0] for line in refused.value.advice] == ["terraform", "java", "mvn"]


def test_an_old_program_is_named_with_its_version(programs):
    programs("terraform", "Terraform v1.5.7")
    programs("java", 'openjdk version "11.0.2"')
    programs("javac", "javac 11.0.2")
    programs("mvn", "Apache Maven 3.8.7")
    with pytest.raises(MissingPrerequisites) as refused:
        prerequisites.check(local_target=True)
    assert "terraform is 1.5, and 1.11 or newer is needed" in refused.value.advice[0]
    assert "java is 11, and 17 or newer is needed" in refused.value.advice[1]


def test_aws_needs_neither_java_nor_maven(programs):
    programs("terraform", "Terraform v1.11.4")
    prerequisites.check(local_target=False)


def test_a_named_mirror_without_providers_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv(prerequisites.PLUGIN_DIR_VARIABLE, str(tmp_path))
    with pytest.raises(CouldNotRun, match=r"holds no registry\.terraform\.io folder"):
        prerequisites.plugin_directory()


def test_a_named_mirror_without_the_locked_aws_provider_is_refused_before_anything_starts(tmp_path, monkeypatch, programs):
    programs("terraform", "Terraform v1.11.4")
    (tmp_path / "registry.terraform.io" / "hashicorp" / "aws" / "1.0.0" / "linux_amd64").mkdir(parents=True)
    monkeypatch.setenv(prerequisites.PLUGIN_DIR_VARIABLE, str(tmp_path))
    with pytest.raises(CouldNotRun, match=r"a mirror without the AWS provider 5\.\d+\.\d+"):
        prerequisites.check(local_target=False)


@pytest.mark.parametrize("held", ["{version}/linux_amd64/x", "terraform-provider-aws_{version}_linux_amd64.zip"])
def test_a_named_mirror_is_used_unpacked_or_packed(tmp_path, monkeypatch, held):
    lock = (prerequisites.CHECKOUT / "terraform" / ".terraform.lock.hcl").read_text()
    version = lock.split('version     = "')[1].split('"')[0]
    provider = tmp_path / "registry.terraform.io" / "hashicorp" / "aws" / held.format(version=version)
    provider.parent.mkdir(parents=True)
    provider.touch()
    monkeypatch.setenv(prerequisites.PLUGIN_DIR_VARIABLE, str(tmp_path))
    assert prerequisites.plugin_directory() == tmp_path


def test_a_mirror_that_is_found_by_itself_and_lacks_the_provider_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / "registry.terraform.io").mkdir()
    monkeypatch.delenv(prerequisites.PLUGIN_DIR_VARIABLE, raising=False)
    monkeypatch.setattr(prerequisites, "_usual_roots", lambda: [tmp_path])
    assert prerequisites.plugin_directory() is None
