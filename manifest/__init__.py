"""What a simulated run sent, exactly, and how each of its events is recognised when it arrives.

    errors       the room's exceptions
    document     the manifest as a value: ranges, classes, dates, partitions
    files        reading, writing (atomically) and finding manifests
    ranges       sets of event indices as few numbers
    draws        the pure function from (seed, worker, index) to an event's class
    identity     from a delivered row, or from the payload of an error record, back to (run, worker, index)

`README.md` beside this module documents the file format. Nothing here knows how events are made or sent; the simulator
writes these files and the validation reads them.
"""

from manifest.document import (
    FORMAT_VERSION,
    ClassCount,
    DateCount,
    Expect,
    Manifest,
    PartitionCount,
    Range,
    State,
)
from manifest.errors import ManifestError, ManifestNotWritten
from manifest.files import find, path_of, read, write
from manifest.identity import Identifier, Identity, identify_payload
from manifest.ranges import IndexSet

__all__ = [
    "FORMAT_VERSION",
    "ClassCount",
    "DateCount",
    "Expect",
    "Identifier",
    "Identity",
    "IndexSet",
    "Manifest",
    "ManifestError",
    "ManifestNotWritten",
    "PartitionCount",
    "Range",
    "State",
    "find",
    "identify_payload",
    "path_of",
    "read",
    "write",
]
