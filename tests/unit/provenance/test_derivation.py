"""Derivation: features, matching, the map of what agrees, and the findings that follow."""

from __future__ import annotations

import io
from functools import cache

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import pictures
from rempart.errors import CorruptFileError, ForeignFileError
from rempart.provenance.derivation.agreement import Cell
from rempart.provenance.derivation.comparing import Comparison, Finding, Reason, Suspect
from rempart.provenance.derivation.matching import Asked
from rempart.provenance.derivation.sheetfile import MOST_BYTES, read_sheet, write_sheet
from rempart.provenance.derivation.sheets import EDGE, MOST_POINTS, Sheet, sheet_of

OF = bytes(range(32))


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(before)


@cache
def photo(seed: int) -> Image.Image:
    return Image.fromarray(pictures.scene(seed))


@cache
def source(seed: int) -> Sheet:
    return sheet_of(np.asarray(photo(seed)))


def saved(image: Image.Image, quality: int = 80) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(pictures.encode(image, quality=quality))).convert("RGB"))


def compared(image: Image.Image | np.ndarray, seed: int = 1) -> Comparison:
    pixels = saved(image) if isinstance(image, Image.Image) else image
    return Suspect(sheet_of(pixels)).compare(source(seed))


def with_banner(image: Image.Image, share: float = 0.25) -> Image.Image:
    made, height = image.copy(), round(image.height * share)
    draw = ImageDraw.Draw(made)
    draw.rectangle((0, image.height - height, image.width, image.height), fill=(255, 255, 255))
    for line in range(3):
        at = (8, image.height - height + 4 + line * height // 3)
        draw.text(at, "The same words stand here below both", font=ImageFont.load_default(20), fill=(0, 0, 0))
    return made


def test_a_mirrored_sheet_is_the_sheet_of_the_mirror_image():
    mirrored, made = source(1).mirrored(), sheet_of(np.ascontiguousarray(np.asarray(photo(1))[:, ::-1]))
    assert (mirrored.plane == made.plane).all()
    away = np.linalg.norm(mirrored.points[:, None] - made.points[None], axis=2)
    # A point may have two directions: two descriptors stand at one place then.
    apart = np.abs(mirrored.descriptors[:, None].astype(np.int16) - made.descriptors[None]).mean(axis=2)
    nearest = np.where(away < 1, apart, np.inf).min(axis=1)
    assert (nearest < 3).mean() > 0.75
    assert (mirrored.mirrored().descriptors == source(1).descriptors).all()


def test_the_same_pixels_give_the_same_sheet_to_the_bit():
    assert write_sheet(sheet_of(np.asarray(photo(2))), of=OF) == write_sheet(source(2), of=OF)


def test_a_large_picture_is_looked_at_reduced_and_a_tiny_or_blank_one_has_no_points():
    large = sheet_of(np.asarray(photo(1).resize((1920, 1440))))
    assert large.plane.shape == (480, EDGE)
    assert (large.width, large.height) == (1920, 1440)
    assert 0 < len(large.points) <= MOST_POINTS
    for pixels in (np.zeros((9, 12, 3), np.uint8), np.full((200, 300, 3), 128, np.uint8)):
        assert Suspect(sheet_of(pixels)).compare(source(1)).reason is Reason.FEW_POINTS
        assert Suspect(source(1)).compare(sheet_of(pixels)).reason is Reason.FEW_POINTS


def test_matches_are_those_of_whole_number_distances():
    asked, other = source(1), sheet_of(saved(photo(1).rotate(7)))
    few = Sheet(
        width=asked.width, height=asked.height, plane=asked.plane, points=asked.points[:60],
        descriptors=asked.descriptors[:60],
    )  # fmt: skip
    away = ((few.descriptors[:, None].astype(np.int64) - other.descriptors[None].astype(np.int64)) ** 2).sum(axis=2)
    order = np.sort(away, axis=1)
    good = {
        (row, int(away[row].argmin())): int(order[row, 0])
        for row in range(len(away))
        if order[row, 0] < 0.64 * order[row, 1]
    }
    best: dict[int, int] = {}
    for (_, column), value in good.items():
        best[column] = min(value, best.get(column, value))
    found = [(int(row), int(column)) for row, column in Asked(few).matches(other)]
    assert len({column for _, column in found}) == len(found) == len(best)
    assert all(good[pair] == best[pair[1]] for pair in found)


def mirror(image: Image.Image) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def pasted(image: Image.Image) -> Image.Image:
    canvas = photo(9).copy()
    canvas.paste(image.resize((240, 180)), (120, 90))
    return canvas


COPIES = {
    "as it is": lambda image: image,
    "mirrored": mirror,
    "turned": lambda image: image.rotate(12),
    "half size": lambda image: image.resize((240, 180)),
    "cut": lambda image: image.crop((120, 60, 400, 300)),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "pasted": pasted,
    "with a banner": with_banner,
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_is_found(name):
    found = compared(COPIES[name](photo(1)))
    assert found.finding is Finding.SHARED_CONTENT
    assert found.mirrored is (name == "mirrored")
    assert found.agreement > (0.6 if name == "with a banner" else 0.8)


def test_what_was_replaced_stands_on_the_map():
    made = photo(1).copy()
    made.paste(photo(7).crop((0, 0, 160, 160)), (160, 100))
    found = compared(made)
    assert found.finding is Finding.SHARED_CONTENT
    assert found.map is not None
    rows, columns = np.nonzero(found.map.map == Cell.DIFFERS)
    middle = (np.stack([columns, rows], axis=1) + 0.5) * found.map.cell
    inside = ((middle > (130, 70)) & (middle < (350, 290))).all(axis=1)
    assert inside.sum() >= 10
    assert inside.mean() > 0.9


def test_the_frame_of_a_pasted_source_is_found_to_the_pixel():
    found = compared(pasted(photo(1)))
    assert found.map is not None
    assert np.abs(found.map.quad - [(120, 90), (360, 90), (360, 270), (120, 270)]).max() < 3
    assert found.covers == pytest.approx(240 * 180 / (480 * 360), abs=0.02)
    assert found.shown == pytest.approx(1, abs=0.02)


def test_unrelated_pictures_share_nothing():
    for seed in range(2, 7):
        assert Suspect(source(1)).compare(source(seed)).finding is Finding.NOT_SHOWN


def test_a_banner_that_two_pictures_share_is_no_finding_although_its_points_match():
    other = sheet_of(saved(with_banner(photo(8))))
    found = Suspect(sheet_of(saved(with_banner(photo(1))))).compare(other)
    assert found.inliers >= 50
    assert found.finding is Finding.NOT_SHOWN
    assert found.reason in (Reason.REST_DIFFERS, Reason.LITTLE_TEXTURE)


def test_pages_of_text_alone_say_too_little():
    def page(ink: int) -> np.ndarray:
        image, font = Image.new("RGB", (320, 240), (255, 255, 255)), ImageFont.load_default(18)
        for line in range(8):
            text = "one two three four five"
            ImageDraw.Draw(image).text((10, 10 + 28 * line), text, font=font, fill=(ink,) * 3)
        return np.asarray(image)

    found = Suspect(sheet_of(page(0))).compare(sheet_of(page(30)))
    assert found.finding is Finding.NOT_SHOWN


def test_a_negative_is_not_found_as_the_docs_say():
    assert compared(255 - np.asarray(photo(1))).finding is Finding.NOT_SHOWN


def test_a_comparison_is_the_same_each_time():
    one, two = (compared(photo(1).rotate(5)) for _ in range(2))
    assert one.explained is not None
    assert two.explained is not None
    assert (one.explained.mapping == two.explained.mapping).all()
    assert one.agreement == two.agreement


def test_a_sheet_comes_back_from_its_file():
    data = write_sheet(source(1), of=OF)
    back = read_sheet(data, of=OF)
    assert len(data) <= MOST_BYTES
    assert (back.width, back.height) == (480, 360)
    for name in ("plane", "points", "descriptors"):
        assert (getattr(back, name) == getattr(source(1), name)).all()


def test_a_damaged_sheet_is_told():
    data = write_sheet(source(1), of=OF)
    for place in (80, 2000, len(data) // 2, len(data) - 1):
        broken = bytearray(data)
        broken[place] ^= 1
        with pytest.raises((CorruptFileError, ForeignFileError)):
            read_sheet(bytes(broken), of=OF)
    for cut in (0, 8, 100, len(data) - 1):
        with pytest.raises((CorruptFileError, ForeignFileError)):
            read_sheet(data[:cut], of=OF)


def test_a_sheet_of_another_file_or_version_is_foreign():
    data = write_sheet(source(1), of=OF)
    with pytest.raises(ForeignFileError):
        read_sheet(data, of=bytes(32))
    with pytest.raises(ForeignFileError):
        read_sheet(data.replace(b"-v1", b"-v0"), of=OF)


def test_a_sheet_whose_numbers_are_no_places_is_corrupt_even_with_a_right_digest():
    for wrong in (np.nan, np.inf, -50.0, 1e9):
        points = source(1).points.copy()
        points[3, 0] = wrong
        sheet = Sheet(width=480, height=360, plane=source(1).plane, points=points, descriptors=source(1).descriptors)
        with pytest.raises(CorruptFileError):
            read_sheet(write_sheet(sheet, of=OF), of=OF)
