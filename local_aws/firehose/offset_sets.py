"""Sets of offsets as the ledger keeps them: ranges where records lie together, a packed bitmap where they alternate."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Offsets = npt.NDArray[np.int64]

_MOST_RANGES = 200


def encode(offsets: Sequence[int]) -> dict[str, Any]:
    """A JSON value for a non-empty set of offsets."""
    ordered = np.unique(np.asarray(offsets, dtype=np.int64))
    first, last = int(ordered[0]), int(ordered[-1])
    ends = np.flatnonzero(np.diff(ordered) != 1)
    if len(ends) < _MOST_RANGES:
        starts = ordered[np.concatenate(([0], ends + 1))]
        stops = ordered[np.concatenate((ends, [len(ordered) - 1]))]
        return {"first": first, "last": last, "ranges": [[int(start), int(stop)] for start, stop in zip(starts, stops, strict=True)]}
    bits = np.zeros(last - first + 1, dtype=np.bool_)
    bits[ordered - first] = True
    return {"first": first, "last": last, "bits": base64.b64encode(zlib.compress(np.packbits(bits).tobytes(), 1)).decode()}


def decode(value: Mapping[str, Any]) -> Offsets:
    """The offsets of an encoded set, in order."""
    if "ranges" in value:
        return np.concatenate([np.arange(start, stop + 1, dtype=np.int64) for start, stop in value["ranges"]])
    bits = np.unpackbits(np.frombuffer(zlib.decompress(base64.b64decode(value["bits"])), dtype=np.uint8))
    offsets: Offsets = np.flatnonzero(bits).astype(np.int64) + value["first"]
    return offsets


class Delivered:
    """Offsets that were delivered before, by partition; empty unless a restart reads them again."""

    def __init__(self) -> None:
        self._offsets: dict[int, Offsets] = {}

    def add(self, partition: int, offsets: Offsets) -> None:
        known = self._offsets.get(partition)
        self._offsets[partition] = np.unique(offsets) if known is None else np.union1d(known, offsets)

    def count(self, partition: int, offsets: Sequence[int]) -> int:
        """How many of these were delivered before."""
        known = self._offsets.get(partition)
        if known is None or not len(known) or not len(offsets) or offsets[0] > known[-1]:
            return 0
        return int(np.isin(np.asarray(offsets, dtype=np.int64), known, assume_unique=True).sum())
