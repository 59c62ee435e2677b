"""`rempart bench watermark`: its edits are edits, and its figures are counted right."""

from random import Random

import numpy as np
import pytest

import pictures
from rempart.cli.bench.markedits import EDITS
from rempart.cli.bench.marksides import Ours, others
from rempart.cli.bench.watermark import Plan, psnr_of, ssim_of, survival, unmarked_looks

SCENE = pictures.scene(5, 320, 240)


@pytest.mark.parametrize("name", list(EDITS)[1:])
def test_an_edit_is_the_same_for_the_same_seed_and_changes_something(name):
    first, again = (EDITS[name](SCENE, Random(3)) for _ in range(2))
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert first.shape != SCENE.shape or not np.array_equal(first, SCENE)


class Forgetful:
    """A method that tells another number than was written in every second picture, or none."""

    name, bits = "forgetful", 32

    def __init__(self, told, *, checked):
        self.told, self.checked, self.seen = told, checked, 0

    def write(self, pixels, number):
        self.seen += 1
        self.number = number
        return pixels

    def read(self, pixels, original):
        assert original == SCENE.shape[:2]
        return self.number if self.seen % 2 else self.told(self.number)


@pytest.mark.parametrize(
    ("told", "checked", "wrong"),
    [(lambda _: None, True, 0), (lambda number: number + 1, True, 1), (lambda _: 0, False, "not told apart")],
    ids=["none", "another", "bits without a check"],
)
def test_right_and_wrong_numbers_are_counted(told, checked, wrong):
    plan = Plan(edits=["as it is"], unmarked=0, searched=0, seed=1)
    rates, looks = survival([SCENE, SCENE], [Forgetful(told, checked=checked)], plan)
    assert rates.rows == [["as it is", 0.5]]
    assert looks.rows[0][-1] == wrong


def test_ours_is_measured_and_unmarked_pictures_are_looked_at():
    plan = Plan(edits=["JPEG 70", "mirrored"], unmarked=3, searched=0, seed=1)
    rates, looks = survival([pictures.scene(6, 480, 360)], [Ours()], plan)
    assert [row[1] for row in rates.rows] == [1.0, 1.0]
    assert looks.rows[0][2] > 39
    assert looks.rows[0][-1] == 0
    assert [row[1:3] for row in unmarked_looks([SCENE], plan).rows] == [[0, 0], [3, 0]]


def test_likeness_of_a_picture_to_itself_and_to_another():
    assert ssim_of(SCENE, SCENE) == pytest.approx(1)
    assert ssim_of(SCENE, pictures.scene(6, 320, 240)) < 0.5
    assert psnr_of(SCENE, SCENE ^ 1) == pytest.approx(48.13, abs=0.01)


def test_other_packages_are_measured_only_where_they_are_installed():
    assert [side.name for side in others() if "rempart" in side.name] == []
