"""Wheels for another Python and architecture than this one, from a lock file with hashes.

An installed set is kept in the cache under a digest of the lock and the target, and never changes afterwards, so a
second build needs neither pip nor a network. pip checks every hash; which registry it asks is its own configuration.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lambda_package.errors import DependenciesNotInstalled
from lambda_package.targets import Target
from local_aws.home import Home

_LAYOUT_VERSION = 1
_TIMEOUT_SECONDS = 600


def install(lock: Path, target: Target, cache: Path | None = None) -> Path:
    """A directory with the lock's distributions installed for the target.

    Raises:
        DependenciesNotInstalled
    """
    directory = cache or Home.default().cache / "lambda"
    inputs = repr((_LAYOUT_VERSION, target, lock.read_bytes())).encode()
    installed = directory / "dependencies" / hashlib.sha256(inputs).hexdigest()[:32]
    if installed.is_dir():
        return installed
    installed.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=installed.parent, prefix="new-") as scratch:
        fresh = Path(scratch) / "site"
        _pip(lock, target, fresh)
        try:
            fresh.rename(installed)
        except OSError:  # another build was faster; what it made is the same
            if not installed.is_dir():
                raise
    return installed


def _pip(lock: Path, target: Target, to: Path) -> None:
    to.mkdir()
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-compile"]
    command += ["--only-binary=:all:", "--no-deps", "--require-hashes", "--implementation", "cp"]
    command += ["--python-version", target.python_version]
    for name in target.platforms:
        command += ["--platform", name]
    command += ["--target", str(to), "--requirement", str(lock)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_SECONDS, env=_environment())
    except subprocess.TimeoutExpired:
        raise DependenciesNotInstalled(
            f"lambda_package: pip did not end within {_TIMEOUT_SECONDS} s ({lock.name} for {target.runtime} on {target.architecture}).",
            "See whether the package registry answers, then try again.",
        ) from None
    if done.returncode != 0:
        shutil.rmtree(to)
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise DependenciesNotInstalled(
            f"lambda_package: pip could not install {lock.name} for {target.runtime} on {target.architecture}.",
            *(said[-4:] or [f"It ended with status {done.returncode} and no message."]),
            "The first build for a target needs a package registry; later ones are served from the cache.",
        )


def _environment() -> dict[str, str]:
    """This environment, without settings of pip that would contradict `--target`."""
    return {
        name: value for name, value in os.environ.items() if name not in ("PIP_USER", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV")
    }
