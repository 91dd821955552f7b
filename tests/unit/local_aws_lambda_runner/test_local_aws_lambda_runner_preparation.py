"""Before a process starts: the interpreter, the unpacked code, the environment variables."""

from __future__ import annotations

import platform
import stat
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local_aws.lambda_runner.deployed_code import unpacked
from local_aws.lambda_runner.errors import InvalidCode, InvalidRuntime
from local_aws.lambda_runner.function import Function, RoleCredentials
from local_aws.lambda_runner.interpreter import Interpreters
from local_aws.lambda_runner.variables import variables

CURRENT = f"python{sys.version_info.major}.{sys.version_info.minor}"
MACHINE = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine().lower()]
OTHER_MACHINE = {"x86_64": "arm64", "arm64": "x86_64"}[MACHINE]


def archive(path: Path, **files: str) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name, text in files.items():
            made.writestr(name.replace("__", "/"), text)
    return path


def function(tmp_path: Path, **environment: str) -> Function:
    return Function(
        name="f", arn="arn:aws:lambda:us-east-1:123456789012:function:f", version="$LATEST", zip_path=tmp_path / "f.zip",
        code_sha256="x", handler="m.handler", runtime=CURRENT, architecture=MACHINE, timeout_seconds=3, memory_mib=128,
        environment=environment, role_arn="arn:aws:iam::123456789012:role/r", reserved_concurrency=None, log_group="/aws/lambda/f",
    )  # fmt: skip


def test_the_runtime_folder_holds_the_runtime_client_and_the_sdk_and_no_other_installed_package(tmp_path: Path) -> None:
    found = Interpreters(tmp_path).find(CURRENT, MACHINE)
    names = {path.name for path in found.runtime_dir.iterdir()}
    assert {"awslambdaric", "boto3", "botocore", "simplejson", "urllib3"} <= names
    assert not {"moto", "msgspec", "flask", "pip", "pytest", "pyarrow"} & names
    assert found.python_version == platform.python_version()


def test_another_architecture_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidRuntime, match=f"built for {OTHER_MACHINE}, this machine is {MACHINE}"):
        Interpreters(tmp_path).find(CURRENT, OTHER_MACHINE)


@pytest.mark.parametrize("runtime", ["nodejs22.x", "java21", "provided.al2023", "python2.7", "", "python3.x", "python3.11/../x"])
def test_another_language_is_refused_by_name(tmp_path: Path, runtime: str) -> None:
    with pytest.raises(InvalidRuntime, match="only Python runtimes"):
        Interpreters(tmp_path).find(runtime, MACHINE)


def test_a_python_that_is_not_installed_is_refused_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InvalidRuntime) as refused:
        Interpreters(tmp_path).find("python3.99", MACHINE)
    assert "python3.99" in str(refused.value)
    assert f'Deploy the function with runtime "{CURRENT}"' in str(refused.value)


def test_a_python_without_the_runtime_client_is_refused_with_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "python3.99"
    fake.write_text('#!/bin/sh\necho \'{"missing": ["awslambdaric"], "links": {}, "python": "3.99.0", "executable": "x"}\'\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InvalidRuntime, match="has no awslambdaric"):
        Interpreters(tmp_path / "runtime").find("python3.99", MACHINE)


def test_a_python_that_does_not_start_is_refused_with_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "python3.99"
    fake.write_text("#!/bin/sh\necho 'pyenv: no such version' >&2\nexit 127\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InvalidRuntime, match="pyenv: no such version"):
        Interpreters(tmp_path / "runtime").find("python3.99", MACHINE)


def test_code_is_unpacked_once_for_the_same_hash(tmp_path: Path) -> None:
    first = unpacked(tmp_path / "code", archive(tmp_path / "a.zip", m__py="1"), "hash/1=")
    again = unpacked(tmp_path / "code", tmp_path / "is-not-read.zip", "hash/1=")
    other = unpacked(tmp_path / "code", archive(tmp_path / "b.zip", m__py="2"), "hash/2=")
    assert first == again != other
    assert [path.name for path in first.rglob("*")] == ["m", "py"]
    assert len(list((tmp_path / "code").iterdir())) == 2


def test_unpacked_files_are_read_only_and_keep_their_execute_bit(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        for name, mode in (("tool", 0o755), ("text", 0o644), ("bare", 0)):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            made.writestr(entry, "")
    folder = unpacked(tmp_path / "code", tmp_path / "a.zip", "h")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"tool": 0o555, "text": 0o444, "bare": 0o400}


@pytest.mark.parametrize("contents", [b"", b"not a zip", b"PK\x03\x04 cut off"])
def test_a_package_that_is_no_zip_is_refused_and_leaves_nothing(tmp_path: Path, contents: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(contents)
    with pytest.raises(InvalidCode, match=r"a\.zip cannot be unpacked"):
        unpacked(tmp_path / "code", tmp_path / "a.zip", "h")
    assert list((tmp_path / "code").iterdir()) == []


def test_a_package_above_lambdas_size_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local_aws.lambda_runner.deployed_code.MAX_UNPACKED_BYTES", 10)
    with pytest.raises(InvalidCode, match="unzipped size must be smaller than 10 bytes"):
        unpacked(tmp_path / "code", archive(tmp_path / "a.zip", m="x" * 11), "h")
    assert list((tmp_path / "code").iterdir()) == []


def test_reserved_variables_win_over_the_functions_own_and_others_do_not(tmp_path: Path) -> None:
    made = variables(
        function(tmp_path, AWS_REGION="mars-north-1", LANG="C", MINE="1"),
        RoleCredentials("AKIA", "secret", "token", datetime.now(UTC) + timedelta(hours=1)),
        task_root=Path("/task"), runtime_dir=Path("/runtime"), scratch=Path("/scratch"), runtime_api="127.0.0.1:1",
        log_stream="2026/11/24/[$LATEST]00", region="us-east-1", endpoint_url="http://127.0.0.1:2",
    )  # fmt: skip
    assert made["AWS_REGION"] == made["AWS_DEFAULT_REGION"] == "us-east-1"
    assert (made["LANG"], made["MINE"]) == ("C", "1")
    assert made["AWS_EXECUTION_ENV"] == f"AWS_Lambda_{CURRENT}"
    assert made["TZ"] == ":UTC"
    assert made["AWS_SESSION_TOKEN"] == "token"
