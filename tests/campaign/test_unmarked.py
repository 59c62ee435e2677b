"""Marks in ten thousand pictures that have none: `make campaign`, or REMPART_CAMPAIGN=1 with this file."""

from __future__ import annotations

import os

import numpy as np
import pytest

import pictures
from rempart.provenance.watermark.pattern import Pattern
from rempart.provenance.watermark.reading import chance_of_a_wrong_number, read_any

SCENES, CUTS, SEARCHED = 500, 20, 500
KEYS = 2


@pytest.mark.skipif("REMPART_CAMPAIGN" not in os.environ, reason="takes many minutes; set REMPART_CAMPAIGN=1")
@pytest.mark.timeout(7200)
def test_no_mark_is_found_in_ten_thousand_unmarked_pictures() -> None:
    patterns = [Pattern(bytes([number]) * 32) for number in range(KEYS)]
    found = []
    rng = np.random.default_rng(11)
    for seed in range(SCENES):
        scene = pictures.scene(seed, 640, 480)
        for part in range(CUTS):
            top, left = rng.integers(0, 160), rng.integers(0, 200)
            height, width = rng.integers(200, 320), rng.integers(240, 440)
            piece = np.ascontiguousarray(scene[top : top + height, left : left + width])
            searched = seed * CUTS + part < SEARCHED
            seen = read_any(piece, patterns, search=searched)
            if seen is not None:
                found.append((seed, part, seen))
    assert found == []
    expected = SEARCHED * chance_of_a_wrong_number(keys=KEYS)
    expected += (SCENES * CUTS - SEARCHED) * chance_of_a_wrong_number(search=False, keys=KEYS)
    assert expected < 0.01, "so that one find is one too many"
