"""Sets of event indices, kept as few numbers: inclusive ranges that merge when they touch.

A load of millions of events that all arrived is one range a worker; each event that did not is one hole more.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator


class IndexSet:
    """A set of integers from 0 upwards, stored as sorted, disjoint, inclusive ranges that do not touch."""

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in ranges:
            self.add(first, last)

    def add(self, first: int, last: int) -> None:
        """Add `first` to `last`, both included; nothing happens where `last < first`."""
        if last < first:
            return
        low = bisect_right(self._firsts, first)
        if low and self._lasts[low - 1] >= first - 1:
            low -= 1
        high = low
        while high < len(self._firsts) and self._firsts[high] <= last + 1:
            high += 1
        if high > low:
            first, last = min(first, self._firsts[low]), max(last, self._lasts[high - 1])
        self._firsts[low:high] = [first]
        self._lasts[low:high] = [last]

    def missing(self, first: int, last: int) -> IndexSet:
        """What of `first` to `last` (both included) is not in this set."""
        found = IndexSet()
        at = first
        for begin, end in self:
            if end < at:
                continue
            if begin > last:
                break
            found.add(at, begin - 1)
            at = end + 1
        found.add(at, last)
        return found

    def __contains__(self, index: int) -> bool:
        at = bisect_right(self._firsts, index)
        return at > 0 and self._lasts[at - 1] >= index

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._firsts, self._lasts, strict=True)

    def __len__(self) -> int:
        """How many integers are in the set."""
        return sum(last - first + 1 for first, last in self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IndexSet) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"IndexSet({list(self)!r})"
