"""The real packages, with real wheels: they load in a Python that has nothing else, and answer."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import lambda_package

pytestmark = pytest.mark.integration


def unpacked(name: str, directory: Path) -> Path:
    package = lambda_package.build(name, *lambda_package.machine(), directory / f"{name}.zip")
    with zipfile.ZipFile(package.path) as opened:
        opened.extractall(directory / name)
    return directory / name


def run(code: str, packages: Path) -> str:
    """Run code in a Python without site packages, with the unpacked zip alone on its path."""
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(packages)!r})\n{code}"]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=packages).stdout


def test_the_transform_runs_from_its_zip_alone(tmp_path: Path) -> None:
    code = """
import json
from transform.handler import handler
print(json.dumps(handler({"records": [{"recordId": "1", "kafkaRecordValue": "e30="}]}, None)))
"""
    log, answer = run(code, unpacked("transform", tmp_path)).splitlines()
    assert json.loads(answer) == {"records": [{"recordId": "1", "result": "ProcessingFailed", "kafkaRecordValue": "e30="}]}
    assert json.loads(log)["reasons"] == {"missing_timestamp": 1}


def test_the_topic_function_knows_the_topic_api_from_its_zip_alone(tmp_path: Path) -> None:
    code = """
import boto3, topic.handler
client = boto3.client("kafka", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
print(topic.handler.handler.__name__, callable(client.create_topic), callable(client.update_topic))
"""
    assert run(code, unpacked("topic", tmp_path)).split() == ["handler", "True", "True"]


@pytest.mark.parametrize("runtime", ["python3.11", "python3.14"])
@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
def test_the_transform_can_be_built_for_every_target(runtime: str, architecture: str, tmp_path: Path) -> None:
    package = lambda_package.build("transform", runtime, architecture, tmp_path / "transform.zip")
    with zipfile.ZipFile(package.path) as opened:
        (machine_code,) = (name for name in opened.namelist() if name.endswith(".so"))
    machine = {"x86_64": "x86_64", "arm64": "aarch64"}[architecture]
    assert machine_code == f"msgspec/_core.cpython-{runtime.removeprefix('python').replace('.', '')}-{machine}-linux-gnu.so"
