"""A mark is found again after ordinary re-posting; another key, another picture or no mark gives nothing."""

import hashlib
import io

import numpy as np
import pytest
from PIL import Image

import pictures
from rempart.provenance.watermark.embedding import PSNR, embedded
from rempart.provenance.watermark.pattern import Pattern
from rempart.provenance.watermark.reading import read, read_any

OURS = Pattern(b"the key of one installation")
RECORD = 0xC0FFEE123456


def psnr(before, after):
    return 10 * np.log10(255**2 / np.mean((before.astype(float) - after) ** 2))


@pytest.fixture(scope="module")
def scene():
    return pictures.scene(3, 720, 480)


@pytest.fixture(scope="module")
def marked(scene):
    return embedded(scene, RECORD, OURS)


def jpeg(pixels, quality):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))


def sized(pixels, width, height):
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))


def test_it_is_hardly_there(scene, marked):
    assert marked.shape == scene.shape
    assert marked.dtype == np.uint8
    assert psnr(scene, marked) > PSNR - 0.3
    assert np.abs(marked.astype(int) - scene).max() < 40


@pytest.mark.parametrize(
    "edit",
    [
        lambda one: one,
        lambda one: jpeg(one, 30),
        lambda one: sized(one, 360, 240),
        lambda one: sized(one, 1440, 960),
        lambda one: np.clip(one * 1.1 + 9, 0, 255).astype(np.uint8),
    ],
    ids=["as it is", "jpeg 30", "half the size", "twice the size", "brighter"],
)
def test_it_is_found_at_once_where_the_picture_was_only_saved_anew(marked, edit):
    found = read(edit(marked), OURS, search=False)
    assert found is not None
    assert (found.record, found.mirrored, found.searched) == (RECORD, False, False)


def test_a_mirror_image_is_told(marked):
    found = read(np.ascontiguousarray(marked[:, ::-1]), OURS)
    assert found is not None
    assert (found.record, found.mirrored) == (RECORD, True)


@pytest.mark.parametrize(
    "edit",
    [
        lambda one: np.ascontiguousarray(one[40:440, 30:690]),
        lambda one: np.asarray(Image.fromarray(one).rotate(4, Image.Resampling.BICUBIC)),
        lambda one: jpeg(sized(one, 756, 480), 80),
    ],
    ids=["cropped", "turned", "stretched"],
)
def test_it_is_searched_for_where_the_picture_was_bent(marked, edit):
    found = read(edit(marked), OURS)
    assert found is not None
    assert (found.record, found.searched) == (RECORD, True)


def test_where_there_is_none_none_is_found(scene):
    assert read(scene, OURS) is None
    assert read(np.full((480, 720, 3), 128, np.uint8), OURS, search=False) is None
    rng = np.random.default_rng(1)
    assert read(rng.integers(0, 256, (300, 400, 3), dtype=np.uint8), OURS, search=False) is None


def test_another_installations_mark_is_none(marked):
    assert read(marked, Pattern(b"the key of another installation"), search=False) is None


def test_marks_of_older_keys_are_read_beside_those_of_todays(marked):
    rotated = [Pattern(b"the key that came after"), Pattern(b"the key in between"), OURS]
    found = read_any(marked, rotated, search=False)
    assert found is not None
    assert found.record == RECORD
    found = read_any(np.ascontiguousarray(marked[40:440, 30:690]), rotated, search=True)
    assert found is not None
    assert (found.record, found.searched) == (RECORD, True)
    assert read_any(marked, rotated[:2], search=False) is None
    assert read_any(marked, [], search=True) is None


def test_the_pattern_of_a_key_never_changes():
    tile = OURS.tile(np.ones(127, dtype=np.float32))
    assert tile.shape == (128, 128)
    digest = hashlib.sha256(np.rint(tile * 32).astype(np.int8).tobytes()).hexdigest()
    assert digest.startswith("70a162af7fba9f26"), "pictures that were marked before could not be read any more"


def test_a_picture_too_small_for_a_mark_is_refused_and_not_read():
    with pytest.raises(ValueError, match="128 pixels"):
        embedded(np.zeros((127, 400, 3), np.uint8), 1, OURS)
    assert read(np.zeros((40, 400, 3), np.uint8), OURS) is None


def test_a_short_key_is_refused():
    with pytest.raises(ValueError, match="16 bytes"):
        Pattern(b"short")
