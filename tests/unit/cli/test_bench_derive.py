"""`rempart bench derive`: its copies and decoys are what they are called, and its figures are counted right."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from PIL import Image, ImageOps

import pictures
from rempart.cli.bench.derive import calibration, tables
from rempart.cli.bench.derive_pictures import DECOYS, EDITS
from rempart.cli.bench.derive_run import AS_IT_IS, COPY, DECOY, UNRELATED, Row

ONE, TWO = (Image.fromarray(pictures.scene(seed, 240, 180)) for seed in (1, 2))


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_the_same_for_the_same_seed_and_changes_something(name):
    first, again = (EDITS[name](ONE, TWO, Random(3)) for _ in range(2))
    assert first.mode == "RGB"
    assert first.tobytes() == again.tobytes()
    assert first.size != ONE.size or first.tobytes() != ONE.tobytes()


@pytest.mark.parametrize("name", DECOYS)
def test_a_decoy_gives_two_different_photos_of_one_size(name):
    one, two = DECOYS[name](ONE, TWO, Random(3))
    assert one.size == two.size
    apart = np.abs(np.asarray(one, np.int16) - np.asarray(two, np.int16)).max(axis=2)
    assert (apart > 24).mean() > 0.1


def test_a_shared_banner_is_the_same_in_both():
    one, two = DECOYS["the same caption banner, 35 % of the height"](ONE, TWO, Random(1))
    height = round(ONE.height * 0.35) - 8
    ends = (Image.Image.copy, ImageOps.flip)
    strips = [[np.asarray(end(each), np.int16)[:height] for each in (one, two)] for end in ends]
    assert min(np.abs(first - second).mean() for first, second in strips) < 6
    assert max(np.abs(first - second).mean() for first, second in strips) > 20


def row(kind: str, name: str, *, found: bool, inliers: int = 0, agreement: float = 0.0) -> Row:
    return Row(
        kind=kind, name=name, picture=0, found=found, reason="agrees" if found else "few_points", inliers=inliers,
        kept=inliers // 2, agreement=agreement, judged=20, spread=0.2,
    )  # fmt: skip


def test_figures_are_counted_from_the_comparisons():
    edit, decoy = next(iter(EDITS)), next(iter(DECOYS))
    rows = [
        row(COPY, edit, found=True, inliers=100, agreement=0.9), row(COPY, edit, found=False, inliers=3),
        *(row(UNRELATED, AS_IT_IS, found=False, inliers=4) for _ in range(9)),
        row(UNRELATED, AS_IT_IS, found=True, inliers=16, agreement=0.4),
        row(DECOY, decoy, found=False, inliers=200, agreement=0.15),
    ]  # fmt: skip
    made = calibration(rows, pictures=5, seed=1)
    assert (made["copies"][0]["comparisons"], made["copies"][0]["found"]) == (2, 1)
    unrelated = made["unrelated"][0]
    assert (unrelated["comparisons"], unrelated["found"], unrelated["most_inliers"]) == (10, 1, 16)
    assert unrelated["bound"] == pytest.approx(0.394, abs=0.001)
    assert unrelated["most_agreement"] == 0.4
    bands = {one["from"]: (one[COPY], one[UNRELATED], one[DECOY]) for one in made["bands"]}
    assert bands[0.1] == (0, 0, 1)
    assert bands[0.35] == (0, 1, 0)
    assert bands[0.8] == (1, 0, 0)
    assert "10" in "\n".join(table.as_markdown() for table in tables(made))
