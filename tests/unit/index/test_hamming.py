"""The Hamming index finds every key within the radius and nothing else, on every instruction set."""

from __future__ import annotations

import ast
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from hamming_oracle import Keys, answers, distances, expected, planted, random_keys, shapes, turned, within
from rempart.index import hamming, hamming_numpy
from rempart.index.hamming import HammingIndex, Hits
from rempart.index.sections import SectionFile, SectionWriter

LONG = os.environ.get("REMPART_CAMPAIGN") == "1"
kernel = hamming.hammingkernel
ISAS = kernel.available() if kernel is not None else []


@pytest.fixture(params=[*ISAS, "numpy"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Every instruction set of this machine, and the fallback."""
    if request.param == "numpy":
        monkeypatch.setattr(hamming, "hammingkernel", None)
        yield "numpy"
        return
    before = kernel.isa()
    kernel.force(request.param)
    yield request.param
    kernel.force(before)


def check(index: HammingIndex, keys: Keys, queries: Keys, radius: int) -> None:
    found = answers(index.search(queries, radius))
    for query, own in zip(queries, found, strict=True):
        assert own == expected(keys, query, radius)


@pytest.mark.parametrize("shape", sorted(shapes(np.random.default_rng(0))))
def test_every_row_within_the_radius_is_found_whatever_the_list(backend: str, shape: str) -> None:
    rng = np.random.default_rng(5)
    keys = shapes(rng)[shape]
    index = HammingIndex.from_keys(keys)
    near = planted(rng, keys)[:: 1 if LONG else 7]
    queries = np.concatenate([near, random_keys(rng, 3), np.zeros((1, 32), np.uint8), np.full((1, 32), 255, np.uint8)])
    truth = [distances(keys, query) for query in queries]
    for radius in (0, 1, 15, 31, 63):
        found = answers(index.search(queries, radius))
        assert found == [within(own, radius) for own in truth]


def test_planted_neighbours_are_found_at_every_distance_and_radius(backend: str) -> None:
    rng = np.random.default_rng(7)
    keys = random_keys(rng, 40_000 if LONG else 9_000)
    index = HammingIndex.from_keys(keys)
    assert index._chunks
    assert hamming.backend() == (backend if backend == "numpy" else f"c/{backend}")
    queries = planted(rng, keys, each=20 if LONG else 2)
    for radius in range(64) if LONG else (0, 2, 7, 16, 30, 31, 32, 47, 63):
        flips = [[hit[0] for hit in own] for own in answers(index.search(queries, radius))]
        each = len(queries) // 64
        for at, own in enumerate(flips):
            assert (at // each in own) == (at // each <= radius)


def test_neighbours_whose_flips_crowd_into_few_chunks_are_found(backend: str) -> None:
    """The worst case of the pigeonhole: all flips side by side, at every place."""
    rng = np.random.default_rng(8)
    keys = random_keys(rng, 5000)
    index = HammingIndex.from_keys(keys)
    queries = []
    for place in range(0, 256, 1 if LONG else 9):
        mask = np.zeros(256, np.uint8)
        mask[np.arange(place, place + 31) % 256] = 1
        queries.append(keys[place] ^ np.packbits(mask))
    found = answers(index.search(np.array(queries), 31))
    assert all((31, row) in own for row, own in zip(range(0, 256, 1 if LONG else 9), found, strict=True))


def test_all_backends_and_a_file_give_the_same_hits_in_the_same_order(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    base = random_keys(rng, 300)
    keys = np.array([turned(rng, base[i % 300], int(rng.integers(0, 12))) for i in range(20_000)])
    queries = np.array([turned(rng, base[i], int(rng.integers(0, 30))) for i in range(40)])
    with SectionWriter(tmp_path / "i", kind="trial") as writer:
        HammingIndex.build_into(writer, keys)
    results = []
    with SectionFile.open(tmp_path / "i", kind="trial") as file:
        index = HammingIndex.from_file(file)
        for isa in ISAS:
            kernel.force(isa)
            results.append(index.search(queries, 31))
        if ISAS:
            kernel.force(ISAS[-1])
        results.append(HammingIndex(index.keys, index._chunks, native=False).search(queries, 31))
    assert len(results[0].rows) > 1000
    for other in results[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(results[0], other, strict=True))


@pytest.mark.skipif(not ISAS, reason="no kernel here")
@pytest.mark.parametrize("shape", ["clustered", "random and ties", "2048 identical", "same in all but 32 bits"])
def test_the_fallback_builds_the_same_tables_as_the_kernel(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = shapes(np.random.default_rng(3))[shape]
    native = HammingIndex.from_keys(keys)._chunks
    monkeypatch.setattr(hamming, "hammingkernel", None)
    plain = HammingIndex.from_keys(keys)._chunks
    assert native
    for one, other in zip(native, plain, strict=True):
        assert np.array_equal(one.lines, other.lines)
        assert np.array_equal(one.extra, other.extra)


@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_a_list_of_so_few_identical_hashes_matches_after_being_written_and_read(
    tmp_path: Path, backend: str, count: int
) -> None:
    key = random_keys(np.random.default_rng(count), 1)
    with SectionWriter(tmp_path / "list", kind="trial") as writer:
        HammingIndex.build_into(writer, np.repeat(key, count, axis=0))
    with SectionFile.open(tmp_path / "list", kind="trial") as file:
        hits = HammingIndex.from_file(file).search(key)
    assert hits.rows.tolist() == list(range(count))
    assert hits.distances.tolist() == [0] * count


def test_an_empty_list_and_an_empty_query_find_nothing(tmp_path: Path, backend: str) -> None:
    with SectionWriter(tmp_path / "list", kind="trial") as writer:
        HammingIndex.build_into(writer, np.empty((0, 32), np.uint8))
    with SectionFile.open(tmp_path / "list", kind="trial") as file:
        empty = HammingIndex.from_file(file)
        assert len(empty) == 0
        assert empty.search(random_keys(np.random.default_rng(0), 3)).offsets.tolist() == [0, 0, 0, 0]
    index = HammingIndex.from_keys(random_keys(np.random.default_rng(0), 3000))
    assert index.search(np.empty((0, 32), np.uint8)).offsets.tolist() == [0]


def test_queries_and_keys_of_other_shapes_are_refused() -> None:
    index = HammingIndex.from_keys(random_keys(np.random.default_rng(0), 3))
    for wrong in (np.zeros(32, np.uint8), np.zeros((2, 31), np.uint8), np.zeros((2, 32), np.int8)):
        with pytest.raises(ValueError, match="uint8"):
            index.search(wrong)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="uint8"):
            HammingIndex.from_keys(wrong)  # type: ignore[arg-type]
    for radius in (-1, 64, 1000):
        with pytest.raises(ValueError, match="radius"):
            index.search(np.zeros((1, 32), np.uint8), radius)


def test_a_query_may_be_a_strided_view() -> None:
    rng = np.random.default_rng(1)
    keys = random_keys(rng, 3000)
    assert HammingIndex.from_keys(keys).search(keys[::-7], 0).rows.tolist() == list(range(2999, -1, -7))


def test_several_threads_search_one_index_at_once() -> None:
    rng = np.random.default_rng(2)
    keys = random_keys(rng, 30_000)
    index = HammingIndex.from_keys(keys)
    queries = planted(rng, keys)
    radii = [3, 31, 40, 10]
    alone = [index.search(queries, radius) for radius in radii]
    fresh = HammingIndex.from_keys(keys)
    found: dict[int, list[Hits]] = {}

    def work(at: int) -> None:
        found[at] = [fresh.search(queries, radius) for _ in range(5) for radius in (*radii[at % 4 :], *radii[: at % 4])]

    threads = [threading.Thread(target=work, args=(at,)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for at, results in found.items():
        order = (*alone[at % 4 :], *alone[: at % 4]) * 5
        for own, single in zip(results, order, strict=True):
            assert all(np.array_equal(a, b) for a, b in zip(own, single, strict=True))


@settings(max_examples=400 if LONG else 25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    keys=npst.arrays(np.uint8, st.tuples(st.integers(1, 60), st.just(32)), elements=st.sampled_from([0, 1, 128, 255])),
    copies=st.sampled_from([1, 3, 80]),
    radius=st.integers(0, 63),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_list_gives_the_oracles_answer(keys: Keys, copies: int, radius: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole = np.concatenate([keys] * copies)
    whole = whole[rng.permutation(len(whole))]
    index = HammingIndex.from_keys(whole)
    queries = np.array([turned(rng, whole[rng.integers(len(whole))], int(rng.integers(0, 64))) for _ in range(4)])
    check(index, whole, queries, radius)


@pytest.mark.skipif(not ISAS, reason="no kernel here")
def test_the_kernel_refuses_buffers_that_do_not_fit() -> None:
    keys = random_keys(np.random.default_rng(0), 3000)
    chunk = HammingIndex.from_keys(keys)._chunks[0]
    good = (chunk.width, chunk.tag_bits, chunk.lines, chunk.extra)
    for bad in (
        (keys[:, :31].copy(), 27, ()),
        (keys, 40, ()),
        (keys, 3, ()),
        (keys, 27, (good,)),
        (keys, 27, (good,) * 40),
        (keys, 27, ((999, 2, chunk.lines, chunk.extra),)),
        (keys, 27, ((chunk.width, 9, chunk.lines, chunk.extra),)),
        (keys, 27, ((chunk.width, chunk.tag_bits, chunk.lines[1:], chunk.extra),)),
    ):
        with pytest.raises(ValueError):
            kernel.Searcher(*bad)
    searcher = HammingIndex.from_keys(keys)._searcher
    assert searcher is not None
    for queries, radius, reaches in (
        (keys[0, :31], 3, b""),
        (keys[0], 64, b""),
        (keys[0], -1, b""),
        (keys[0], 3, b"\0"),
    ):
        with pytest.raises(ValueError):
            searcher.search(np.ascontiguousarray(queries), radius, reaches)
    with pytest.raises(ValueError, match="miss"):
        searcher.search(keys[0], 31, bytes(len(HammingIndex.from_keys(keys)._chunks)))
    with pytest.raises(ValueError):
        kernel.force("abacus")


def test_chunk_values_are_the_keys_bits() -> None:
    keys = random_keys(np.random.default_rng(4), 50)
    bits = np.unpackbits(keys, axis=1, bitorder="little")
    for start, width in ((0, 8), (60, 20), (128, 27), (230, 26)):
        own = bits[:, start : start + width] @ (1 << np.arange(width))
        assert hamming_numpy.chunk_of(hamming_numpy.words(keys), start, width).tolist() == own.tolist()


@pytest.mark.skipif(not ISAS, reason="no kernel here")
def test_the_kernels_stub_names_what_the_kernel_has() -> None:
    stub = Path(hamming.__file__).parent.parent / "_native" / "hammingkernel.pyi"
    named = {node.name for node in ast.parse(stub.read_text()).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assert named == {name for name in dir(kernel) if not name.startswith("_")}
    assert ISAS[0] == "scalar"
    assert kernel.isa() in ISAS
