"""No damage to a file can crash a reader: it is refused, found out, or harmless."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hamming_oracle import answers, expected, planted, random_keys, turned
from rempart.errors import CorruptFileError, ForeignFileError, IncompleteError, RempartError
from rempart.index import hamming
from rempart.index.digest import DigestIndex
from rempart.index.hamming import HammingIndex
from rempart.index.sections import SectionFile, SectionWriter

LONG = os.environ.get("REMPART_CAMPAIGN") == "1"
KIND = "trial"


@pytest.fixture(scope="module")
def keys() -> np.ndarray:
    rng = np.random.default_rng(0)
    crowd = np.array([turned(rng, np.zeros(32, np.uint8), int(rng.integers(0, 20))) for _ in range(600)])
    return np.concatenate([random_keys(rng, 2500), crowd])


@pytest.fixture(scope="module")
def whole(keys: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "index"
    with SectionWriter(path, kind=KIND) as writer:
        HammingIndex.build_into(writer, keys)
        DigestIndex.build_into(writer, np.unique(keys[:, :20], axis=0), prefix="sha1")
    return path.read_bytes()


@pytest.fixture(scope="module")
def queries(keys: np.ndarray) -> np.ndarray:
    return np.concatenate([planted(np.random.default_rng(1), keys)[::8], np.zeros((1, 32), np.uint8)])


def read_all(path: Path, queries: np.ndarray, *, check: bool = True) -> list[list[list[tuple[int, int]]]]:
    """Everything a reader does, on every instruction set and in NumPy."""
    results = []
    with SectionFile.open(path, kind=KIND) as file:
        index = HammingIndex.from_file(file, check=check)
        if hamming.hammingkernel is not None:
            for isa in hamming.hammingkernel.available():
                hamming.hammingkernel.force(isa)
                results.append(answers(index.search(queries, 31)))
            hamming.hammingkernel.force(hamming.hammingkernel.available()[-1])
        results.append(answers(HammingIndex(index.keys, index._chunks, native=False).search(queries, 31)))
        digests = DigestIndex.from_file(file, "sha1", check=check)
        digests.find(queries[:, :20])
    return results


def test_an_undamaged_file_gives_the_oracles_answer(
    tmp_path: Path, whole: bytes, keys: np.ndarray, queries: np.ndarray
) -> None:
    (tmp_path / "i").write_bytes(whole)
    want = [expected(keys, query, 31) for query in queries]
    assert all(result == want for result in read_all(tmp_path / "i", queries))


def test_a_file_cut_anywhere_is_refused(tmp_path: Path, whole: bytes, queries: np.ndarray) -> None:
    rng = np.random.default_rng(2)
    path = tmp_path / "i"
    lengths = {0, 1, 8, 63, 64, 65, len(whole) - 1, len(whole) - 4}
    lengths |= set(rng.integers(0, len(whole), 2000 if LONG else 100).tolist())
    for length in lengths:
        path.write_bytes(whole[:length])
        with pytest.raises(IncompleteError):
            read_all(path, queries)


def test_a_flipped_bit_in_header_or_directory_is_refused_at_open(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "i"
    start = int.from_bytes(whole[24:32], "little")
    places = [*range(64), *range(start, len(whole), 1 if LONG else 7)]
    for at, place in enumerate(places):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << at % 8]) + whole[place + 1 :])
        with pytest.raises((CorruptFileError, ForeignFileError, IncompleteError)):
            SectionFile.open(path, kind=KIND)


def test_flipped_bits_anywhere_never_crash_and_verify_finds_each(
    tmp_path: Path, whole: bytes, queries: np.ndarray
) -> None:
    rng = np.random.default_rng(3)
    path = tmp_path / "i"
    refused = 0
    with_sections = SectionFile.open(_put(path, whole), kind=KIND)
    spans = [(s.offset, s.offset + s.length) for s in with_sections._sections.values()]
    for _ in range(3000 if LONG else 150):
        content = bytearray(whole)
        places = rng.integers(0, len(content), int(rng.integers(1, 40)))
        for place in places:
            content[place] ^= 1 << int(rng.integers(8))
        inside = any(low <= place < high and content[place] != whole[place] for place in places for low, high in spans)
        try:
            _put(path, bytes(content))
            if inside:
                with SectionFile.open(path, kind=KIND) as file, pytest.raises(CorruptFileError):
                    file.verify()
            # Without the check on first use the searches meet the damage itself.
            read_all(path, queries[-2:], check=False)
        except RempartError:
            refused += 1
    assert refused


@pytest.mark.parametrize("seed", range(40 if LONG else 4))
def test_tables_full_of_nonsense_never_crash_a_search(tmp_path: Path, keys: np.ndarray, seed: int) -> None:
    """Worse than chance damage: checksums agree, and the numbers are those most likely to lead astray."""
    rng = np.random.default_rng(seed)
    nasty = np.array([0, 1, 2, len(keys) - 1, len(keys), 0x7FFFFFF, 0x8000000, 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD])
    index = HammingIndex.from_keys(keys)
    queries = np.concatenate([keys[:5], np.zeros((1, 32), np.uint8)])
    outcomes = set()
    for share in (0.001, 0.05, 0.6, 1.0):
        chunks = []
        for chunk in index._chunks:
            lines, extra = chunk.lines.copy(), chunk.extra.copy()
            for array in (lines.reshape(-1), extra):
                hit = rng.random(len(array)) < share
                array[hit] = rng.choice(nasty, int(hit.sum())).astype(np.uint32)
            chunks.append(
                hamming.Chunk(start=chunk.start, width=chunk.width, tag_bits=chunk.tag_bits, lines=lines, extra=extra)
            )
        for native in (True, False):
            try:
                HammingIndex(keys, chunks, native=native).search(queries, 31)
                outcomes.add("answered")
            except CorruptFileError:
                outcomes.add("refused")
    assert "refused" in outcomes


@pytest.mark.parametrize(
    "layout",
    [
        [],
        [3100],
        [3100, 256],
        [3100] + [8] * 32,
        [3101, *[16] * 16],
        [2**63, *[16] * 16],
        [3100, *[16] * 15, 17],
        [0, 255, 1],
    ],
)
def test_a_layout_that_does_not_fit_its_sections_is_refused(
    tmp_path: Path, keys: np.ndarray, layout: list[int]
) -> None:
    with SectionWriter(tmp_path / "i", kind=KIND) as writer:
        writer.add("pdq.layout", np.array(layout, "<u8"))
        writer.add("pdq.keys", keys[:3099] if layout == [3100] else keys)
        for at in range(32):
            writer.add(f"pdq.lines.{at}", np.zeros(160, "<u4"))
            writer.add(f"pdq.extra.{at}", np.zeros(0, "<u4"))
    with SectionFile.open(tmp_path / "i", kind=KIND) as file, pytest.raises(CorruptFileError):
        HammingIndex.from_file(file)


def _put(path: Path, content: bytes) -> Path:
    """Written beside and renamed, as files in use must be: a mapped file is never cut."""
    other = path.with_name("next")
    other.write_bytes(content)
    other.replace(path)
    return path


@pytest.mark.parametrize("dtype", ["M8[ns/0]", "(2,3", "V", "(9999999999,)u1", "|O", ">u4", "u1\0", "\ud800"])
def test_a_type_that_is_no_plain_number_is_refused(tmp_path: Path, dtype: str) -> None:
    path = tmp_path / "index"
    with SectionWriter(path, kind=KIND) as writer:
        writer.add("a", bytes(16))
        writer._sections[0] = replace(writer._sections[0], dtype=dtype)
    done = subprocess.run([sys.executable, "-c", _OPEN, str(path)], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (7, b"")


_OPEN = """
import sys
from rempart.errors import CorruptFileError
from rempart.index.sections import SectionFile
try:
    SectionFile.open(sys.argv[1], kind="trial")
except CorruptFileError:
    sys.exit(7)
"""
