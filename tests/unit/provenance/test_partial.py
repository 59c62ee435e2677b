"""Local features: what they are, how they are told as bytes, and how votes are counted."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pictures import scene
from rempart.errors import CorruptFileError
from rempart.lists.parts.index import PartIndex
from rempart.provenance.partial import features
from rempart.provenance.partial.featurefile import MOST, read_features, write_features
from rempart.provenance.partial.features import Features, asked_features, listed_features, plane_of
from rempart.provenance.partial.voting import votes

LISTED = range(3)


@pytest.fixture(scope="module")
def index():
    return PartIndex(LISTED, [listed_features(plane_of(scene(seed))) for seed in LISTED])


def leads(index, pixels, **more):
    return [one.number for one in index.candidates(asked_features(plane_of(pixels)), **more)]


def pasted(small, into, *, share):
    height, width = round(small.shape[0] * share), round(small.shape[1] * share)
    into = into.copy()
    into[40 : 40 + height, 70 : 70 + width] = np.asarray(Image.fromarray(small).resize((width, height)))
    return into


def test_half_of_a_listed_picture_leads_to_it(index):
    for seed in LISTED:
        assert leads(index, scene(seed)[90:270, 120:360]) == [seed]


def test_a_picture_that_shows_a_listed_one_small_leads_to_it(index):
    for seed in LISTED:
        assert leads(index, pasted(scene(seed), scene(50 + seed), share=0.4)) == [seed]


def test_pictures_that_share_nothing_lead_nowhere(index):
    assert [leads(index, scene(seed)) for seed in range(60, 63)] == [[]] * 3


def test_the_same_pixels_have_the_same_features():
    plane = plane_of(scene(3))
    one, two = listed_features(plane), listed_features(plane.copy())
    assert np.array_equal(one.keys, two.keys)
    assert np.array_equal(one.places, two.places)
    assert len(one) <= 300
    assert one.keys.shape[1] == 32


def test_flat_and_tiny_pictures_have_no_features_and_lead_nowhere(index):
    for pixels in (np.full((200, 300, 3), 90, np.uint8), np.zeros((3, 900, 3), np.uint8), scene(1)[:15, :15]):
        asked = asked_features(plane_of(pixels))
        assert len(asked) == len(listed_features(plane_of(pixels))) == 0
        assert index.candidates(asked) == []


def test_every_plane_halves_and_those_of_one_half_are_orthogonal():
    planes = features._planes()
    assert planes.shape == (128, 256)
    assert set(np.unique(planes)) == {-1, 1}
    for half in (planes[:, :128], planes[:, 128:]):
        assert np.array_equal(half.T @ half, 128 * np.eye(128, dtype=np.int32))
    assert not any((planes[:, :128] == column[:, None]).all(axis=0).any() for column in planes[:, 128:].T)


def test_an_index_of_nothing_answers():
    assert PartIndex((), ()).candidates(asked_features(plane_of(scene(1)))) == []


def test_the_most_votes_come_first_and_no_more_than_asked():
    twice = [listed_features(plane_of(pixels)) for pixels in (scene(2)[:200, :260], scene(2))]
    index = PartIndex((7, 9), twice)
    asked = asked_features(plane_of(scene(2)))
    assert [one.number for one in index.candidates(asked)] == [9, 7]
    assert [one.number for one in index.candidates(asked, most=1)] == [9]


# Bytes


def dots(step: int) -> np.ndarray:
    """A pattern that repeats: every point of it is like every other."""
    y, x = np.mgrid[:320, :320]
    disc = (np.hypot(x % step - step / 2, y % step - step / 2) < step / 4) * np.uint8(255)
    return np.repeat(disc[..., None], 3, 2)


def test_a_pattern_that_repeats_neither_hides_a_listed_part_nor_takes_long(index):
    patterns = [listed_features(plane_of(dots(step))) for step in (28, 30, 32)] * 60
    own = [listed_features(plane_of(scene(seed))) for seed in LISTED]
    crowded = PartIndex(range(len(own) + len(patterns)), [*own, *patterns])
    canvas = dots(30)
    canvas[30:150, 40:200] = np.asarray(Image.fromarray(scene(LISTED[2])).resize((160, 120)))
    began = time.process_time()
    found = crowded.candidates(asked_features(plane_of(canvas)))
    assert time.process_time() - began < 5
    assert found[0].number == 2


def test_of_thousands_of_one_scene_only_some_are_counted():
    one = listed_features(plane_of(scene(1)))
    crowded = PartIndex(range(3000), [one] * 3000)
    began = time.process_time()
    assert len(crowded.candidates(asked_features(plane_of(scene(1))))) == 3
    assert time.process_time() - began < 3


def test_features_survive_their_bytes():
    made = listed_features(plane_of(scene(5)))
    read = read_features(write_features(made))
    assert np.array_equal(read.keys, made.keys)
    assert np.array_equal(read.places, made.places)


def some(count, *, place=(1, 2, 3, 4)):
    return Features(keys=np.zeros((count, 32), np.uint8), places=np.full((count, 4), place, np.float32))


@pytest.mark.parametrize("place", [(np.nan, 0, 1, 0), (1e9, 0, 1, 0), (0, 0, 0, 0), (0, 0, 1, np.inf), (0, 0, 1, -999)])
def test_places_that_no_picture_has_are_refused(place):
    with pytest.raises(CorruptFileError):
        read_features(write_features(some(2, place=place)))


def test_more_features_than_any_picture_has_are_refused():
    with pytest.raises(CorruptFileError):
        read_features(write_features(some(MOST + 1)))


@given(st.binary(max_size=200), st.integers(0, 300))
def test_other_bytes_are_refused_and_nothing_else_happens(noise, cut):
    for data in (noise, write_features(some(3))[:cut], write_features(some(3)) + noise):
        try:
            assert len(read_features(data)) in (0, 3)
        except CorruptFileError:
            continue
        assert data in (write_features(some(3)), bytes(4))


# Votes


def constellation(count=12, seed=1):
    rng = np.random.default_rng(seed)
    cells = rng.permutation(24)[:count]
    at = 60 * np.column_stack([cells % 6, cells // 6]) + rng.uniform(0, 20, (count, 2))
    return np.column_stack([at, rng.uniform(3, 20, count), rng.uniform(0, 360, count)])


def moved(places, *, size=0.4, turn=30.0, shift=(50, -20)):
    angle = np.deg2rad(turn)
    way = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    made = places.copy()
    made[:, :2] = places[:, :2] @ way.T + shift
    made[:, 2] *= size
    made[:, 3] = (places[:, 3] + turn) % 360
    return made


@pytest.mark.parametrize(("size", "turn"), [(1, 0), (0.4, 0), (2, 90), (0.5, 200)])
def test_pairs_that_one_move_explains_all_count(size, turn):
    places = constellation()
    assert votes(moved(places, size=size, turn=turn), places) == 12


def test_pairs_that_nothing_explains_hardly_count():
    assert votes(constellation(seed=1), constellation(seed=2)) <= 3


def test_one_corner_that_is_found_many_times_counts_once():
    places = np.repeat(constellation(1), 9, axis=0)
    assert votes(moved(places), places) == 1


def test_a_pair_of_another_size_or_turn_does_not_count():
    places = constellation()
    larger, turned = moved(places), moved(places)
    larger[0, 2] *= 4
    turned[0, 3] += 90
    assert votes(larger, places) == votes(turned, places) == 11
    assert votes(places[:1], places[:1]) == 1
    assert votes(places[:0], places[:0]) == 0
