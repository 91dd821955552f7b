"""One zip from start to end: sources and dependencies to entries, entries to a file."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lambda_package import archive, dependencies
from lambda_package.errors import SourceMissing
from lambda_package.packages import CHECKOUT, PackageDefinition, Source, find
from lambda_package.targets import target

_NOT_PACKED = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
"""Files of a `.dist-info` directory that tell how, not what, pip installed."""


@dataclass(frozen=True)
class Package:
    """A built zip."""

    path: Path
    sha256: str
    """Hexadecimal digest of the file."""


def build(name: str, runtime: str, architecture: str, to: Path, cache: Path | None = None) -> Package:
    """Build the zip of one function; a file that holds the same bytes already is left as it is.

    `cache` is the directory for installed dependencies; where None, the checkout's cache.

    Raises:
        UnknownPackage, UnknownTarget: the arguments.
        SourceMissing, DependenciesNotInstalled: what the zip is made of.
    """
    definition = find(name)
    chosen = target(runtime, architecture)
    entries = {path: content for source in definition.sources for path, content in _of_project(source).items()}
    if definition.lock is not None:
        entries |= _of_dependencies(definition, dependencies.install(definition.lock, chosen, cache))
    module = PurePosixPath(*definition.handler.split(".")[:-1]).with_suffix(".py")
    if module not in entries:
        raise SourceMissing(f"lambda_package: {name} has the handler {definition.handler}, but no {module}.")
    content = archive.write(entries)
    path = to.resolve()
    if not path.is_file() or path.read_bytes() != content:
        _replace(path, content)
    return Package(path, hashlib.sha256(content).hexdigest())


def _of_project(source: Source) -> dict[PurePosixPath, bytes]:
    entries = {
        PurePosixPath(source.directory.name, file.relative_to(source.directory).as_posix()): file.read_bytes()
        for suffix in source.suffixes
        for file in source.directory.rglob(f"*{suffix}")
        if "__pycache__" not in file.parts
    }
    if not entries:
        raise SourceMissing(f"lambda_package: no source in {source.directory.relative_to(CHECKOUT)}.", "Is the checkout complete?")
    return entries


def _of_dependencies(definition: PackageDefinition, installed: Path) -> dict[PurePosixPath, bytes]:
    entries = {}
    for file in installed.rglob("*"):
        path = PurePosixPath(file.relative_to(installed).as_posix())
        # pip's scripts carry this machine's Python in their first line; compiled files carry times.
        if not file.is_file() or path.parts[0] == "bin" or path.suffix == ".pyc" or definition.leaves_out(path):
            continue
        if path.name in _NOT_PACKED and path.parts[0].endswith(".dist-info"):
            continue
        entries[path] = file.read_bytes()
    return entries


def _replace(path: Path, content: bytes) -> None:
    """Put the file in place whole, so that a build that is killed leaves no half zip."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(scratch).chmod(0o644)
    Path(scratch).replace(path)
