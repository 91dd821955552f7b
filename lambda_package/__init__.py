"""Lambda zips: this project's code and its pinned wheels, the same bytes for the same inputs.

errors         what can go wrong
packages       the table of functions: sources, lock file, what is left out
targets        runtimes and architectures, and what this machine can run
dependencies   wheels for another Python and architecture, from a lock file with hashes, kept in the cache
archive        a zip whose bytes depend on its entries alone
building       one zip from start to end

python -m lambda_package transform --runtime python3.13 --architecture arm64 --to transform.zip
"""

from lambda_package.building import Package, build
from lambda_package.errors import DependenciesNotInstalled, SourceMissing, UnknownPackage, UnknownTarget
from lambda_package.packages import PACKAGES
from lambda_package.targets import machine

__all__ = [
    "PACKAGES",
    "DependenciesNotInstalled",
    "Package",
    "SourceMissing",
    "UnknownPackage",
    "UnknownTarget",
    "build",
    "machine",
]
