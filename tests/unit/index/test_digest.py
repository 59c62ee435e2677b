"""The digest index finds exactly what it holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.errors import CorruptFileError
from rempart.index.digest import DigestIndex
from rempart.index.sections import SectionFile, SectionWriter


def through_a_file(folder: Path, digests: np.ndarray) -> DigestIndex:
    with SectionWriter(folder / "d", kind="trial") as writer:
        DigestIndex.build_into(writer, digests, prefix="sha1")
    return DigestIndex.from_file(SectionFile.open(folder / "d", kind="trial"), "sha1")


@pytest.mark.parametrize("length", [1, 7, 8, 9, 16, 20, 32])
@pytest.mark.parametrize("count", [0, 1, 2, 200])
def test_each_digest_is_found_at_its_row_and_no_other(tmp_path: Path, length: int, count: int) -> None:
    rng = np.random.default_rng(length * 1000 + count)
    pool = np.unique(rng.integers(0, 256, (2 * count + 9, length), dtype=np.uint8), axis=0)
    pool = pool[rng.permutation(len(pool))]
    inside, outside = pool[: len(pool) * count // (2 * count + 9)], pool[len(pool) * count // (2 * count + 9) :]
    index = through_a_file(tmp_path, inside)
    assert len(index) == len(inside)
    assert index.find(inside).tolist() == list(range(len(inside)))
    assert set(index.find(outside).tolist()) == {-1}
    assert index.find(inside[:0]).tolist() == []


@settings(max_examples=60, deadline=None)
@given(
    st.sets(st.binary(min_size=12, max_size=12), max_size=40), st.sets(st.binary(min_size=4, max_size=4), max_size=40)
)
def test_digests_that_share_their_first_bytes_are_told_apart(free: set[bytes], ends: set[bytes]) -> None:
    rows = sorted(free | {b"8 bytes." + end for end in ends}, key=lambda row: row[::-1])
    digests = np.frombuffer(b"".join(rows), np.uint8).reshape(-1, 12)
    index = DigestIndex.from_digests(digests)
    assert index.find(digests).tolist() == list(range(len(rows)))
    other = digests.copy()
    other[:, 11] ^= 1
    assert [row >= 0 for row in index.find(other).tolist()] == [bytes(row) in set(rows) for row in other]


def test_repeated_digests_and_other_lengths_are_refused() -> None:
    twice = np.zeros((2, 20), np.uint8)
    with pytest.raises(ValueError, match="unique"):
        DigestIndex.from_digests(twice)
    with pytest.raises(ValueError, match="unique"):
        DigestIndex.from_digests(twice[:, :5])
    with pytest.raises(ValueError, match="20 bytes"):
        DigestIndex.from_digests(twice[:1]).find(np.zeros((1, 16), np.uint8))
    with pytest.raises(ValueError, match="uint8"):
        DigestIndex.from_digests(np.zeros((1, 20), np.int16))  # type: ignore[arg-type]


def test_a_row_number_out_of_range_is_damage(tmp_path: Path) -> None:
    digests = np.arange(60, dtype=np.uint8).reshape(3, 20)
    index = through_a_file(tmp_path, digests)
    broken = DigestIndex(20, index._heads, index._tails, np.array([9, 9, 9], "<u4"))
    with pytest.raises(CorruptFileError):
        broken.find(digests)
