"""The filter of digests: whatever it holds is found, whatever it says of absence is true."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.errors import CorruptFileError
from rempart.index.live import LiveIndex
from rempart.index.livetables import PREFIXES
from rempart.index.prefixes import PrefixTable
from rempart.index.sections import SectionFile, SectionWriter

FEW = st.sampled_from([bytes(8), b"\xff" * 8, bytes([*range(8)]), bytes([*range(7), 9]), b"\x80" + bytes(7)])
KEYS = st.lists(st.one_of(FEW, st.binary(min_size=8, max_size=8)), max_size=40)


def rows(keys: list[bytes]) -> np.ndarray:
    return np.frombuffer(b"".join(keys), np.uint8).reshape(-1, 8)


@given(held=KEYS, others=KEYS)
def test_every_row_and_no_other_is_found_in_any_form(held: list[bytes], others: list[bytes]) -> None:
    wanted = defaultdict(list)
    for row, key in enumerate(held):
        wanted[key].append(row)
    order = PrefixTable.order(rows(held))
    tight, loose = PrefixTable.from_keys(rows(held)[order]), PrefixTable.unordered(rows(held))
    asked = [*held, *others]
    for table, names in ((tight, order), (loose, np.arange(len(held)))):
        hits = table.search(rows(asked))
        assert not hits.distances.any()
        for query, key in enumerate(asked):
            found = names[hits.rows[hits.offsets[query] : hits.offsets[query + 1]]]
            assert sorted(found.tolist()) == wanted[key]


def test_a_key_costs_eight_bytes_and_its_id_eight_more(tmp_path: Path) -> None:
    index = LiveIndex(tmp_path / "digests", tables=PREFIXES)
    keys = np.random.default_rng(1).integers(0, 256, (50_000, 8), dtype=np.uint8)
    index.add(keys, range(50_000))
    index.merge()
    assert index.nbytes == 16 * 50_000
    hits = LiveIndex(tmp_path / "digests", tables=PREFIXES).search(keys[1234:1236])
    assert hits.ids.tolist() == [1234, 1235]


def test_a_file_that_is_not_in_order_is_damaged(tmp_path: Path) -> None:
    with SectionWriter(tmp_path / "file", kind=PREFIXES.file_kind) as writer:
        writer.add("live.heads", np.array([3, 2], "<u8"))
    with pytest.raises(CorruptFileError, match="not in order"):
        PrefixTable.from_file(SectionFile.open(tmp_path / "file", kind=PREFIXES.file_kind), "live")
