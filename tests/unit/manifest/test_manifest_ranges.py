"""Sets of indices as ranges, against Python's own sets."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from manifest import IndexSet

RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8)).map(lambda pair: (pair[0], pair[0] + pair[1] - 1)), max_size=12)


def members(ranges: list[tuple[int, int]]) -> set[int]:
    return {index for first, last in ranges for index in range(first, last + 1)}


@given(RANGES)
def test_a_set_of_ranges_holds_what_was_added(ranges: list[tuple[int, int]]) -> None:
    found = IndexSet(ranges)
    assert members(list(found)) == members(ranges)
    assert len(found) == len(members(ranges))
    assert [index in found for index in range(80)] == [index in members(ranges) for index in range(80)]


@given(RANGES)
def test_ranges_are_sorted_and_neither_overlap_nor_touch(ranges: list[tuple[int, int]]) -> None:
    found = list(IndexSet(ranges))
    assert all(after[0] > before[1] + 1 for before, after in pairwise(found))
    assert all(first <= last for first, last in found)


@given(RANGES, st.integers(0, 30), st.integers(0, 50))
def test_missing_is_the_complement_within_bounds(ranges: list[tuple[int, int]], first: int, length: int) -> None:
    missing = IndexSet(ranges).missing(first, first + length)
    assert members(list(missing)) == set(range(first, first + length + 1)) - members(ranges)
