"""The table of functions: a new function is one entry here, and one lock file if it needs more than the runtime has.

A lock file pins every distribution with hashes and is written by, for example,

    echo "msgspec==0.22.0" | uv pip compile --universal --python-version 3.11 --generate-hashes \\
        --no-emit-index-url --no-annotate --no-header - -o lambda_package/transform.lock

The pins are those of requirements.lock, so that what is tested is what is deployed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lambda_package.errors import UnknownPackage

CHECKOUT = Path(__file__).resolve().parent.parent
_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Source:
    """A Python package of the project, with its data files."""

    directory: Path
    """Its last part is the package's name in the zip."""
    suffixes: tuple[str, ...] = (".py", ".json")


@dataclass(frozen=True)
class PackageDefinition:
    """One function's zip."""

    handler: str
    """As Terraform configures it; the file that it names must be in the zip."""
    sources: tuple[Source, ...]
    lock: Path | None
    """What it needs beside the runtime's own boto3; None where that is enough."""
    leaves_out: Callable[[PurePosixPath], bool]
    """Whether a file of a dependency, by its path in the zip, is not needed at run time."""


def _nothing(_path: PurePosixPath) -> bool:
    return False


def _all_services_but_kafka(path: PurePosixPath) -> bool:
    """botocore describes hundreds of services in 28 MB; the function calls one. boto3's resources are not used at all."""
    if path.parts[:2] == ("boto3", "data"):
        return True
    return path.parts[:2] == ("botocore", "data") and len(path.parts) > 3 and path.parts[2] != "kafka"


PACKAGES: dict[str, PackageDefinition] = {
    "transform": PackageDefinition(
        handler="transform.handler.handler",
        sources=(Source(CHECKOUT / "transform"), Source(CHECKOUT / "schema")),
        lock=_HERE / "transform.lock",
        leaves_out=_nothing,
    ),
    "topic": PackageDefinition(
        handler="topic.handler.handler",
        sources=(Source(CHECKOUT / "terraform" / "modules" / "kafka" / "functions" / "topic"),),
        lock=_HERE / "topic.lock",
        leaves_out=_all_services_but_kafka,
    ),
    "probe": PackageDefinition(
        handler="probe.handler.handler",
        sources=(Source(CHECKOUT / "terraform" / "modules" / "monitoring" / "functions" / "probe"),),
        lock=None,
        leaves_out=_nothing,
    ),
    "slack": PackageDefinition(
        handler="slack.handler.handler",
        sources=(Source(CHECKOUT / "terraform" / "modules" / "monitoring" / "functions" / "slack"),),
        lock=None,
        leaves_out=_nothing,
    ),
}


def find(name: str) -> PackageDefinition:
    """The definition of that name.

    Raises:
        UnknownPackage
    """
    try:
        return PACKAGES[name]
    except KeyError:
        raise UnknownPackage(f"lambda_package: no package {name!r}.", f"There are {', '.join(sorted(PACKAGES))}.") from None
