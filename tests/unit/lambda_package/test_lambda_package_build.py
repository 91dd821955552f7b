"""A zip from sources and wheels, without a registry: a package made up for these tests, with a wheel for each architecture."""

from __future__ import annotations

import base64
import hashlib
import os
import platform
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

import lambda_package
from lambda_package import DependenciesNotInstalled, SourceMissing, UnknownPackage, UnknownTarget, archive
from lambda_package.__main__ import main
from lambda_package.packages import PackageDefinition, Source
from lambda_package.targets import target


def wheel(directory: Path, machine: str, python: str = "311") -> str:
    """A wheel of `tiny` with a script and machine code, so to say; returns its hash."""
    path = directory / f"tiny-1.0-cp{python}-cp{python}-manylinux2014_{machine}.whl"
    tag = f"cp{python}-cp{python}-manylinux2014_{machine}"
    files = {
        "tiny/__init__.py": b"VALUE = 1\n",
        "tiny/_core.so": machine.encode(),
        "tiny/unused.txt": b"not needed",
        "tiny-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        "tiny-1.0.dist-info/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: {tag}\n".encode(),
        "tiny-1.0.dist-info/entry_points.txt": b"[console_scripts]\ntiny = tiny:main\n",
    }
    digests = {name: base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode() for name, content in files.items()}
    record = "".join(f"{name},sha256={digest},{len(files[name])}\n" for name, digest in digests.items())
    with zipfile.ZipFile(path, "w") as written:
        for name, content in {**files, "tiny-1.0.dist-info/RECORD": (record + "tiny-1.0.dist-info/RECORD,,\n").encode()}.items():
            written.writestr(name, content)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with sources and wheels, and the table entry `made_up` that is built from them."""
    source = tmp_path / "made_up"
    (source / "inner" / "__pycache__").mkdir(parents=True)
    (source / "__init__.py").write_text("")
    (source / "handler.py").write_text("def handler(event, context): ...\n")
    (source / "inner" / "table.json").write_text("{}")
    (source / "inner" / "__pycache__" / "handler.py").write_text("stale")
    (source / "notes.md").write_text("not code")
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    hashes = [wheel(wheels, machine) for machine in ("x86_64", "aarch64")]
    lock = tmp_path / "made_up.lock"
    lock.write_text("tiny==1.0" + "".join(f" \\\n    --hash=sha256:{digest}" for digest in hashes) + "\n")
    definition = PackageDefinition(
        "made_up.handler.handler", (Source(source),), lock, lambda path: path.suffix == ".txt" and "unused" in path.name
    )
    monkeypatch.setitem(lambda_package.PACKAGES, "made_up", definition)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    return tmp_path


Build = Callable[..., lambda_package.Package]


@pytest.fixture
def build(workshop: Path) -> Build:
    def run(runtime: str = "python3.11", architecture: str = "x86_64", to: str = "out.zip", cache: str = "cache") -> lambda_package.Package:
        return lambda_package.build("made_up", runtime, architecture, workshop / to, workshop / cache)

    return run


def entries(package: lambda_package.Package) -> dict[str, bytes]:
    with zipfile.ZipFile(package.path) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_the_zip_holds_code_and_wheels_and_nothing_of_the_machine_that_built_it(build: Build) -> None:
    package = build()
    assert list(entries(package)) == [
        "made_up/__init__.py",
        "made_up/handler.py",
        "made_up/inner/table.json",
        "tiny-1.0.dist-info/METADATA",
        "tiny-1.0.dist-info/WHEEL",
        "tiny-1.0.dist-info/entry_points.txt",
        "tiny/__init__.py",
        "tiny/_core.so",
    ]
    assert package.sha256 == hashlib.sha256(package.path.read_bytes()).hexdigest()


def test_the_wheels_are_those_of_the_architecture(build: Build) -> None:
    assert entries(build(architecture="x86_64"))["tiny/_core.so"] == b"x86_64"
    assert entries(build(architecture="arm64"))["tiny/_core.so"] == b"aarch64"


def test_the_same_inputs_give_the_same_bytes_whenever_and_wherever(build: Build, workshop: Path) -> None:
    first = build()
    os.utime(workshop / "made_up" / "handler.py", (0, 0))
    (workshop / "made_up" / "handler.py").chmod(0o755)
    again = build(to="elsewhere/again.zip", cache="another-cache")
    assert again.sha256 == first.sha256
    assert again.path.read_bytes() == first.path.read_bytes()


def test_a_changed_source_gives_another_hash(build: Build, workshop: Path) -> None:
    before = build()
    (workshop / "made_up" / "handler.py").write_text("changed")
    assert build().sha256 != before.sha256


def test_a_second_build_needs_no_registry_and_leaves_an_equal_file_alone(build: Build, workshop: Path) -> None:
    first = build()
    os.utime(first.path, (1, 1))
    shutil.rmtree(workshop / "wheels")
    assert build() == first
    assert first.path.stat().st_mtime == 1


def test_a_build_that_fails_leaves_the_former_zip_and_no_half_cache(build: Build, workshop: Path) -> None:
    former = build().path.read_bytes()
    with pytest.raises(DependenciesNotInstalled, match=r"made_up\.lock for python3\.12 on x86_64") as refused:
        build(runtime="python3.12")
    assert any("tiny" in line for line in refused.value.advice)
    assert (workshop / "out.zip").read_bytes() == former
    assert len(list((workshop / "cache" / "dependencies").iterdir())) == 1


def test_a_wheel_with_another_hash_is_refused(build: Build, workshop: Path) -> None:
    (workshop / "wheels" / "tiny-1.0-cp311-cp311-manylinux2014_x86_64.whl").write_bytes(b"something else")
    with pytest.raises(DependenciesNotInstalled, match="could not install"):
        build()


def test_a_handler_that_is_not_in_the_sources_is_refused(build: Build, workshop: Path) -> None:
    (workshop / "made_up" / "handler.py").unlink()
    with pytest.raises(SourceMissing, match=r"no made_up/handler\.py"):
        build()


@pytest.mark.parametrize(
    ("runtime", "architecture"), [("python3.10", "x86_64"), ("python3.15", "x86_64"), ("nodejs22.x", "arm64"), ("python3.11", "aarch64")]
)
def test_an_unknown_runtime_or_architecture_is_refused_with_those_there_are(runtime: str, architecture: str) -> None:
    with pytest.raises(UnknownTarget, match="Choose"):
        target(runtime, architecture)


def test_an_unknown_package_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UnknownPackage, match="There are probe, slack, topic, transform"):
        lambda_package.build("transfrom", "python3.11", "x86_64", tmp_path / "out.zip")


def test_wheels_for_amazon_linux_2_are_not_newer_than_its_glibc() -> None:
    assert target("python3.11", "arm64").platforms == ("manylinux2014_aarch64", "manylinux_2_17_aarch64")
    assert "manylinux_2_34_x86_64" in target("python3.12", "x86_64").platforms


@pytest.mark.parametrize(("machine", "architecture"), [("x86_64", "x86_64"), ("AMD64", "x86_64"), ("aarch64", "arm64"), ("arm64", "arm64")])
def test_this_machine_is_named_as_lambda_names_it(machine: str, architecture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert lambda_package.machine() == (f"python{sys.version_info.major}.{sys.version_info.minor}", architecture)


def test_a_machine_that_lambda_does_not_have_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(UnknownTarget, match="riscv64"):
        lambda_package.machine()


def test_entries_are_sorted_with_one_time_and_one_mode(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(archive.write({PurePosixPath("b"): b"2", PurePosixPath("a/c"): b"1"}))
    with zipfile.ZipFile(tmp_path / "x.zip") as opened:
        found = [(entry.filename, entry.date_time, entry.external_attr >> 16) for entry in opened.infolist()]
    assert found == [("a/c", (1980, 1, 1, 0, 0, 0), 0o100644), ("b", (1980, 1, 1, 0, 0, 0), 0o100644)]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nope", "--to", "x.zip"], 2, "no package 'nope'"),
        (["transform"], 2, "--to"),
        (["transform", "--architecture", "sparc", "--to", "x.zip"], 2, "architecture is 'sparc'"),
    ],
)
def test_the_command_line_says_what_was_wrong(words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == code
    assert said in capsys.readouterr().err


def test_the_command_line_builds_and_says_where(
    workshop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_AWS_CACHE", str(workshop / "cache"))
    words = ["made_up", "--runtime", "python3.11", "--architecture", "arm64", "--to", str(workshop / "cli.zip"), "--output", "json"]
    assert main(words) == 0
    assert '"sha256"' in capsys.readouterr().out
    assert (workshop / "cli.zip").is_file()
