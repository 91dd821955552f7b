"""Reading, writing and finding manifests. A file is replaced as a whole, so a reader never sees half of one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec

from manifest.contradictions import contradictions
from manifest.document import FORMAT_VERSION, Manifest
from manifest.errors import ManifestError, ManifestNotWritten


def path_of(directory: Path, run: str) -> Path:
    """Where the manifest of a run lies, given the directory of the stack's outputs file."""
    return directory / "manifests" / f"{run}.json"


def find(directory: Path) -> list[Path]:
    """All manifests beside a stack's outputs file, sorted by name; none where there is no such directory."""
    return sorted((directory / "manifests").glob("*.json"))


def write(path: Path, manifest: Manifest) -> None:
    """Replace the file atomically and durably: a crash at any moment leaves the former manifest or this one.

    Raises:
        ManifestNotWritten: no space, no permission, or the like; the former file is untouched.
    """
    text = json.dumps(msgspec.to_builtins(manifest), indent=1).encode()
    half = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with half.open("wb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            half.replace(path)
        finally:
            half.unlink(missing_ok=True)
    except OSError as error:
        raise ManifestNotWritten(
            f"{path}: the manifest cannot be written ({error.strerror or error}).", "Make room there, or name another --outputs file."
        ) from error


def read(path: Path) -> Manifest:
    """Read a manifest and check that it says what a manifest can say. Fields that this version does not know are ignored.

    Raises:
        ManifestError: there is none, it is cut short, of a newer format, or contradicts itself; the message says where.
    """
    try:
        document: Any = msgspec.json.decode(path.read_bytes())
    except FileNotFoundError:
        raise ManifestError(f"{path}: there is no such manifest.", "`make load-test` writes one for each run.") from None
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read ({error.strerror}).") from error
    except msgspec.DecodeError as error:
        raise ManifestError(f"{path}: is cut short or not JSON ({error}).", "Manifests are written whole: was the file copied?") from None
    version = document.get("format_version") if isinstance(document, dict) else None
    if not isinstance(version, int):
        raise ManifestError(f"{path}: is not a manifest of the load simulator (no format_version).")
    if version != FORMAT_VERSION:
        raise ManifestError(
            f"{path}: has format_version {version}; this checkout reads {FORMAT_VERSION}.", "Read it with the checkout that wrote it."
        )
    try:
        found = msgspec.convert(document, Manifest)
    except msgspec.ValidationError as error:
        raise ManifestError(f"{path}: {error}.") from None
    if contradiction := next(contradictions(found), None):
        raise ManifestError(f"{path}: {contradiction}.", "The file was edited or damaged; the run's proof cannot be taken from it.")
    return found
