"""The sides of `rempart bench match`: our index, and FAISS as far as it is installed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rempart.index.hamming import HammingIndex, hammingkernel
from rempart.index.sections import SectionFile, SectionWriter

RADIUS = 31
KIND = "rempart-bench"
Keys = NDArray[np.uint8]
# Each query's rows, sorted: what the sides must agree on.
Search = Callable[[Keys], list[list[int]] | None]
FLAT, MULTIHASH, TUNED = "faiss flat", "faiss multihash 16x16", "faiss multihash 11x23"
PEERS = {"flat": FLAT, "multihash": MULTIHASH, "tuned": TUNED}

_WARM_UP = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One way to answer: `search` runs a batch, `rows` also tells what was found."""

    name: str
    search: Callable[[Keys], object]
    rows: Callable[[Keys], list[list[int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What making our index took: wall and CPU seconds (flush to disk included), open and first search in seconds."""

    bytes_per_hash: float
    file_bytes_per_hash: float
    build_seconds: float
    build_cpu_seconds: float
    open_seconds: float
    first_search_seconds: float


def build(keys: Keys, path: Path) -> tuple[HammingIndex, Built]:
    """Write our index of `keys` to `path` and open it again by mapping."""
    wall, cpu = time.perf_counter(), time.process_time()
    with SectionWriter(path, kind=KIND) as writer:
        HammingIndex.build_into(writer, keys)
    built = time.perf_counter() - wall, time.process_time() - cpu
    wall = time.perf_counter()
    file = SectionFile.open(path, kind=KIND)
    index = HammingIndex.from_file(file)
    opened = time.perf_counter() - wall
    wall = time.perf_counter()
    index.search(keys[:1], RADIUS)
    first = time.perf_counter() - wall
    # What follows measures the steady state: the check on first use is over, and the pages are mapped.
    file.verify()
    index.search(keys[:: max(1, len(keys) // _WARM_UP)], RADIUS)
    return index, Built(
        bytes_per_hash=index.nbytes / len(keys),
        file_bytes_per_hash=file.size / len(keys),
        build_seconds=built[0],
        build_cpu_seconds=built[1],
        open_seconds=opened,
        first_search_seconds=first,
    )


def ours(index: HammingIndex, isa: str) -> Side:
    """Our index with one instruction set of the kernel, or `numpy`, the fallback."""
    if isa == "numpy":
        index = HammingIndex(index.keys, index.chunks, native=False)

    def search(queries: Keys) -> tuple[Any, Any, Any]:
        if isa != "numpy":
            hammingkernel.force(isa)
        return index.search(queries, RADIUS)

    def rows(queries: Keys) -> list[list[int]]:
        offsets, found, _ = search(queries)
        return [sorted(part.tolist()) for part in np.split(found, offsets[1:-1])]

    return Side(name=f"rempart {isa}", search=search, rows=rows)


def own_backends() -> list[str]:
    """What our index runs on here, the fastest first."""
    return [*reversed(hammingkernel.available()), "numpy"] if hammingkernel is not None else ["numpy"]


def faiss_side(keys: Keys, name: str) -> Side | None:
    """A FAISS index of `keys` on one thread; None where FAISS is not installed."""
    try:
        import faiss
    except ImportError:
        return None
    faiss.omp_set_num_threads(1)
    index: Any
    if name == FLAT:
        index = faiss.IndexBinaryFlat(256)
    else:
        tables, bits, flips = (16, 16, 1) if name == MULTIHASH else (11, 23, 2)
        index = faiss.IndexBinaryMultiHash(256, tables, bits)
        index.nflip = flips
    index.add(keys)

    def search(queries: Keys) -> tuple[Any, Any, Any]:
        limits, distances, labels = index.range_search(queries, RADIUS + 1)
        return limits, distances, labels

    def rows(queries: Keys) -> list[list[int]]:
        limits, _, labels = search(queries)
        return [
            sorted(labels[low:high].tolist())
            for low, high in zip(limits[:-1].astype(int), limits[1:].astype(int), strict=True)
        ]

    return Side(name=name, search=search, rows=rows)
