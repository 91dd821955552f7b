"""A zip whose bytes depend on its entries alone: sorted, one fixed time, one mode, nothing compressed.

Stored and not deflated, since the same data deflates to different bytes with different builds of zlib, and a hash
that changes with the builder's machine would make Terraform plan a change.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath

_EARLIEST = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644
_UNIX = 3


def write(entries: Mapping[PurePosixPath, bytes]) -> bytes:
    """The zip of these entries."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(entries, key=str):
            entry = zipfile.ZipInfo(str(path), _EARLIEST)
            entry.create_system = _UNIX
            entry.external_attr = _MODE << 16
            archive.writestr(entry, entries[path])
    return buffer.getvalue()
