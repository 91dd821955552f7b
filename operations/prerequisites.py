"""What must be on the machine before anything starts: each missing thing in one sentence, with how to get it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from console import CouldNotRun
from local_aws.home import CHECKOUT
from operations.errors import MissingPrerequisites

MINIMUM_TERRAFORM = (1, 11)
MINIMUM_JAVA = 17
PLUGIN_DIR_VARIABLE = "TERRAFORM_PLUGIN_DIR"
_MIRROR_FOLDER = "registry.terraform.io"
_LOCK_FILE = CHECKOUT / "terraform" / ".terraform.lock.hcl"
_TERRAFORM_ADVICE = "install it from HashiCorp's download page or with your package manager"
NO_TERRAFORM = f"terraform {'.'.join(map(str, MINIMUM_TERRAFORM))} or newer is not on the PATH: {_TERRAFORM_ADVICE}."


def check(*, local_target: bool) -> None:
    """Raise for whatever is missing; Java and Maven are asked for only where the local target runs Kafka.

    Raises:
        MissingPrerequisites: names every missing program at once.
        CouldNotRun: the named provider mirror cannot serve (`plugin_directory`).
    """
    problems = [_terraform_problem(), *((_java_problem(), _maven_problem()) if local_target else ())]
    missing = [problem for problem in problems if problem]
    if missing:
        raise MissingPrerequisites("Something must be installed first.", *missing)
    plugin_directory()


def plugin_directory() -> Path | None:
    """The filesystem mirror that holds Terraform's providers, or None where Terraform shall download them.

    $TERRAFORM_PLUGIN_DIR if set; else the parent of the first `registry.terraform.io` folder under the usual roots that holds
    the AWS provider in the version of the lock file.

    Raises:
        CouldNotRun: the variable names a directory that holds no mirror, or one without that provider.
    """
    named = os.environ.get(PLUGIN_DIR_VARIABLE)
    if not named:
        return next((root for root in _usual_roots() if _holds_provider(root)), None)
    if not (Path(named) / _MIRROR_FOLDER).is_dir():
        raise CouldNotRun(
            f"{PLUGIN_DIR_VARIABLE} is {named}, which holds no {_MIRROR_FOLDER} folder.",
            "Name the parent of that folder, or unset the variable.",
        )
    if not _holds_provider(Path(named)):
        raise CouldNotRun(
            f"{PLUGIN_DIR_VARIABLE} is {named}, a mirror without the AWS provider {_locked_version()}.",
            f"Fill it with `terraform -chdir=terraform providers mirror {named}`, or unset the variable.",
        )
    return Path(named)


def _holds_provider(root: Path) -> bool:
    """Whether a mirror holds the AWS provider, unpacked or packed (Terraform documentation, "Provider Installation")."""
    provider, version = root / _MIRROR_FOLDER / "hashicorp" / "aws", _locked_version()
    return any(provider.glob(f"{version}/*_*")) or any(provider.glob(f"terraform-provider-aws_{version}_*.zip"))


def _locked_version() -> str:
    found = re.search(r'hashicorp/aws" \{\s*version\s*=\s*"([^"]+)"', _LOCK_FILE.read_text(encoding="utf-8"))
    return found[1] if found else "*"


def _usual_roots() -> Iterable[Path]:
    optional = Path("/opt")
    yield from (sorted(path for path in optional.iterdir() if path.is_dir()) if optional.is_dir() else ())
    yield Path("/usr/share/terraform/plugins")
    yield Path("/usr/share")
    yield Path("/usr/local/share/terraform/plugins")
    yield Path("/usr/local/share")
    yield Path.home() / ".terraform.d" / "plugins"
    yield Path.home()


def _terraform_problem() -> str | None:
    wanted = ".".join(map(str, MINIMUM_TERRAFORM))
    advice = _TERRAFORM_ADVICE
    if not shutil.which("terraform"):
        return NO_TERRAFORM
    found = _version(["terraform", "version"], r"Terraform v(\d+)\.(\d+)")
    if found is None:
        return f"terraform does not tell its version: {advice}."
    return None if found >= MINIMUM_TERRAFORM else f"terraform is {'.'.join(map(str, found))}, and {wanted} or newer is needed: {advice}."


def _java_problem() -> str | None:
    advice = f"install a JDK {MINIMUM_JAVA} (Debian: `apt-get install openjdk-17-jdk-headless`, macOS: `brew install openjdk@17`)"
    if not shutil.which("java") or not shutil.which("javac"):
        return f"java (with javac) {MINIMUM_JAVA} or newer is not on the PATH: {advice}."
    found = _version(["java", "-version"], r'version "(\d+)')
    if found is None:
        return f"java does not tell its version: {advice}."
    return None if found[0] >= MINIMUM_JAVA else f"java is {found[0]}, and {MINIMUM_JAVA} or newer is needed: {advice}."


def _maven_problem() -> str | None:
    if shutil.which("mvn"):
        return None
    return "mvn (Maven 3.8 or newer) is not on the PATH: install it (Debian: `apt-get install maven`, macOS: `brew install maven`)."


def _version(command: list[str], pattern: str) -> tuple[int, ...] | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(pattern, done.stdout + done.stderr)
    return tuple(int(part) for part in found.groups()) if found else None
