"""Marks in pictures of many sizes and kinds: found, or refused in words; and how many words a reading asks."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

import pictures
from rempart.provenance.watermark import reading, searching, sight
from rempart.provenance.watermark.embedding import PSNR, embedded
from rempart.provenance.watermark.framing import chance
from rempart.provenance.watermark.pattern import Pattern
from rempart.provenance.watermark.reading import chance_of_a_wrong_number, read

OURS = Pattern(b"the key of one installation")
RECORD = 0xC0FFEE123456


def psnr(before, after):
    return 10 * np.log10(255**2 / np.mean((before.astype(float) - after) ** 2))


def sized(pixels, width, height):
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))


@pytest.mark.parametrize("size", [(480, 320), (319, 517), (1000, 128), (128, 700), (2400, 1800)], ids=str)
def test_pictures_of_all_sizes_are_marked(size):
    scene = sized(pictures.scene(4, 480, 320), *size)
    marked = embedded(scene, RECORD, OURS)
    assert psnr(scene, marked) > PSNR - 0.3
    found = read(marked, OURS, search=False)
    assert found is not None
    assert found.record == RECORD


def test_a_sky_is_hardly_touched_and_its_mark_still_found():
    scene = pictures.scene(4, 720, 480)
    scene[:300] = np.linspace(150, 190, 300)[:, None, None].astype(np.uint8)
    marked = embedded(scene, RECORD, OURS)
    changed = marked.astype(float) - scene
    assert changed[20:280].std() < 1.3
    assert changed[320:].std() > 2
    found = read(marked, OURS, search=False)
    assert found is not None
    assert found.record == RECORD


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_picture_of_one_colour_carries_a_faint_mark_or_none(level):
    plain = np.full((480, 720, 3), level, np.uint8)
    marked = embedded(plain, RECORD, OURS)
    assert psnr(plain, marked) > 44
    assert np.abs(marked.astype(int) - plain).max() <= 6
    found = read(marked, OURS, search=False)
    assert found is None or found.record == RECORD


def test_a_grey_plane_is_read_too():
    marked = embedded(pictures.scene(4, 720, 480), RECORD, OURS)
    found = read(np.asarray(Image.fromarray(marked).convert("L")), OURS, search=False)
    assert found is not None
    assert found.record == RECORD


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_picture_that_was_turned_by_quarters_is_read_with_a_search(quarters):
    turned = np.rot90(embedded(pictures.scene(4, 720, 480), RECORD, OURS), quarters)
    assert read(turned, OURS, search=False) is None
    found = read(turned, OURS)
    assert found is not None
    assert (found.record, found.searched) == (RECORD, True)


@pytest.mark.parametrize(
    "picture",
    [np.zeros((300, 300, 4), np.uint8), np.zeros((300, 300), np.uint8), np.zeros((300, 300, 3), np.uint16)],
    ids=["with alpha or in inks", "grey", "deep"],
)
def test_other_than_rgb_is_refused_in_words(picture):
    with pytest.raises(ValueError, match="RGB"):
        embedded(picture, RECORD, OURS)


def phone(photo):
    """A photo in the middle of a tall screen, with words."""
    screen = Image.new("RGB", (1080, 2000), (18, 18, 18))
    screen.paste(Image.fromarray(sized(photo, 1080, 720)), (0, 500))
    draw = ImageDraw.Draw(screen)
    for y in (60, 120, 1300, 1380):
        draw.text((40, y), "a fine day outside, and some more words", fill=(230, 230, 230), font_size=42)
    return np.asarray(screen)


def test_it_is_found_in_the_photo_on_a_screen():
    found = read(phone(embedded(pictures.scene(4, 720, 480), RECORD, OURS)), OURS)
    assert found is not None
    assert (found.record, found.searched) == (RECORD, True)


def test_it_is_found_in_a_border():
    marked = embedded(pictures.scene(4, 720, 480), RECORD, OURS)
    found = read(np.pad(marked, ((80, 20), (50, 50), (0, 0)), constant_values=255), OURS)
    assert found is not None
    assert found.record == RECORD


def test_no_reading_asks_more_words_than_the_bound_says(monkeypatch):
    picture = sized(phone(pictures.scene(8, 720, 480)), 270, 500)
    asked = []
    monkeypatch.setattr(sight, "ENOUGH", -1.0)  # as though the pattern stood out wherever it is looked for
    monkeypatch.setattr(sight, "record_of", lambda soft: asked.append(1))
    assert read(picture, OURS) is None
    assert 30 < len(asked) <= chance_of_a_wrong_number() / chance()
    assert chance_of_a_wrong_number() == pytest.approx(
        (1 + len(reading._QUARTERS) + reading._BOXES + 2 * searching.MOST_WORDS) * chance()
    )
    assert chance_of_a_wrong_number() < 2e-6
    assert chance_of_a_wrong_number(search=False, keys=3) == pytest.approx(3 * chance())
