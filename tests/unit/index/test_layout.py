"""Plans of chunks and radii: they cover every radius, for every size of list."""

from __future__ import annotations

from itertools import combinations

import pytest

from rempart.index.layout import (
    LINE,
    MAX_CHUNKS,
    MAX_ROWS,
    ball,
    flips,
    id_bits,
    line_bits,
    plan_radii,
    plan_widths,
)

SIZES = (2048, 2049, 5000, 10_000, 99_999, 10**6, 10**7, 5 * 10**7, 10**8, MAX_ROWS)


@pytest.mark.parametrize("rows", SIZES)
def test_chunks_cover_the_key_and_fit_the_kernel(rows: int) -> None:
    widths, bits = plan_widths(rows), line_bits(rows)
    assert sum(widths) == 256
    assert len(widths) <= MAX_CHUNKS
    assert all(bits <= width <= bits + 32 - id_bits(rows) for width in widths)
    assert rows <= (1 << id_bits(rows)) - 2


@pytest.mark.parametrize("rows", SIZES)
def test_radii_leave_no_pair_within_the_radius_out(rows: int) -> None:
    for radius in range(64):
        radii = plan_radii(plan_widths(rows), line_bits(rows), rows, radius)
        # Were every chunk one flip over its radius, the pair would be farther apart than the search radius.
        assert radii is None or sum(r + 1 for r in radii) > radius


def test_the_index_of_ten_million_takes_no_more_than_125_bytes_a_hash() -> None:
    for rows, most in ((10**7, 125), (10**8, 100)):
        tables = 4 * LINE * (1 << line_bits(rows)) * len(plan_widths(rows))
        assert 32 + tables / rows < most


def test_short_lists_have_no_tables() -> None:
    assert plan_widths(0) == plan_widths(2047) == ()


def test_flips_are_all_values_within_reach() -> None:
    for width, reach in ((4, 0), (6, 2), (9, 3), (3, 5)):
        counts = range(min(reach, width) + 1)
        own = {sum(1 << bit for bit in bits) for count in counts for bits in combinations(range(width), count)}
        assert flips(width, reach).tolist() == sorted(own)
        assert len(own) == ball(width, reach)
