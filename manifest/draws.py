"""The pure function from (seed, worker, index) to numbers, and from them to an event's class.

It lives beside the format because it is part of what a manifest says: whoever reads a manifest can tell of every single
event which class it belongs to, hence whether a row or an error record must have come of it, without any stored payload.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_WORKER = 0xD1B54A32D192ED03
_SALT = 0x8CB92BA72F3D8DD7

SHARES = 1 << 32
"""Shares of classes are whole numbers out of this."""


def draw(seed: int, worker: int, indices: npt.NDArray[np.uint64], salt: int = 0) -> npt.NDArray[np.uint64]:
    """64 well-mixed bits for each index (splitmix64, Steele et al., "Fast splittable pseudorandom number generators").

    `salt` gives further, independent numbers of the same event.
    """
    start = np.uint64((seed * _GOLDEN + (worker + 1) * _WORKER + salt * _SALT) & _MASK)
    with np.errstate(over="ignore"):
        state = indices * np.uint64(_GOLDEN) + start
        state ^= state >> np.uint64(30)
        state *= np.uint64(0xBF58476D1CE4E5B9)
        state ^= state >> np.uint64(27)
        state *= np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    return state


def class_numbers(seed: int, worker: int, indices: npt.NDArray[np.uint64], shares_up_to: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """The class of each index: the first whose cumulative share exceeds the event's draw."""
    return np.searchsorted(shares_up_to, draw(seed, worker, indices) >> np.uint64(32), side="right")
