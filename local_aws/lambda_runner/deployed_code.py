"""Deployed zips, each unpacked once into a folder named after its code hash.

The folder is made aside and renamed, so a folder that exists is complete. Files are read-only, as /var/task is.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
import threading
import zipfile
from pathlib import Path

from local_aws.lambda_runner.errors import InvalidCode

MAX_UNPACKED_BYTES = 262_144_000
"""Lambda quotas: a deployment package, unzipped."""
_PERMISSIONS = 0o777
_one_at_a_time = threading.Lock()


def unpacked(directory: Path, zip_path: Path, code_sha256: str) -> Path:
    """The folder with the zip's contents, below `directory`.

    Raises:
        InvalidCode: the file is absent, no zip, or larger than Lambda takes.
    """
    folder = directory / hashlib.sha256(code_sha256.encode()).hexdigest()[:32]
    with _one_at_a_time:
        if folder.is_dir():
            return folder
        directory.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix="unpacking-", dir=directory))
        try:
            _unpack(zip_path, aside)
            aside.rename(folder)
        except (OSError, zipfile.BadZipFile, RuntimeError) as error:
            shutil.rmtree(aside, ignore_errors=True)
            if folder.is_dir():  # another process was faster
                return folder
            raise InvalidCode(f"lambda: the deployment package {zip_path} cannot be unpacked: {error}.") from error
        return folder


def _unpack(zip_path: Path, folder: Path) -> None:
    with zipfile.ZipFile(zip_path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED_BYTES:
            raise zipfile.BadZipFile(f"unzipped size must be smaller than {MAX_UNPACKED_BYTES} bytes")
        for entry in archive.infolist():
            target = Path(archive.extract(entry, folder))
            if not entry.is_dir():
                mode = (entry.external_attr >> 16) & _PERMISSIONS
                target.chmod((mode | stat.S_IRUSR) & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    os.chmod(folder, 0o755)  # noqa: PTH101 - mkdtemp made it private
