"""What a file holds and does not show: looked at where a file is to be taken whole."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pictures import encode, scene
from rempart.signals.examine import Examination, examine
from rempart.signals.outcome import Limits, Outcome
from rempart.signals.pdq import pdq

PHOTO, OTHER = scene(1), scene(2)


def look_at(folder: Path, data: bytes, *, whole: bool = True, probe_set: str = "default") -> Examination:
    path = folder / "file"
    path.write_bytes(data)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return examine(descriptor, limits=Limits(), whole=whole, probe_set=probe_set)
    finally:
        os.close(descriptor)


def under(alpha: int) -> Image.Image:
    return Image.fromarray(np.dstack([PHOTO, np.full(PHOTO.shape[:2], alpha, np.uint8)]), "RGBA")


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF"])
def test_a_photo_under_full_transparency_is_looked_up_where_a_file_is_taken_whole(tmp_path: Path, form: str) -> None:
    how = {"lossless": True, "exact": True} if form == "WEBP" else {}
    data = encode(under(0), form, **how)
    shown = look_at(tmp_path, data, whole=False)
    found = look_at(tmp_path, data)
    assert shown.outcome is found.outcome is Outcome.LOW_QUALITY
    assert (shown.pdq, shown.probes) == (found.pdq, found.probes[: len(shown.probes)])
    hashes = {one.name: one.hash for one in found.probes}
    assert hashes["beneath:canonical"].distance(pdq(PHOTO).hash) <= 2
    assert "beneath:canonical+flipy" in hashes


def test_what_hides_nothing_costs_no_further_probe(tmp_path: Path) -> None:
    opaque, plain = encode(under(255), "PNG"), encode(PHOTO, "PNG")
    hole = np.array(under(255))
    hole[40:90, 40:90] = 0
    for data in (opaque, plain, encode(Image.fromarray(hole), "PNG")):
        assert look_at(tmp_path, data) == look_at(tmp_path, data, whole=False)


@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF", "TIFF", "AVIF"])
def test_a_picture_that_moves_cannot_be_looked_at_whole(tmp_path: Path, form: str) -> None:
    stream = io.BytesIO()
    Image.fromarray(PHOTO).save(stream, form, save_all=True, append_images=[Image.fromarray(OTHER)])
    assert look_at(tmp_path, stream.getvalue(), whole=False).outcome is Outcome.OK
    found = look_at(tmp_path, stream.getvalue())
    assert (found.outcome, found.pdq) == (Outcome.UNREADABLE, None)
    assert "moves" in (found.error or "")
