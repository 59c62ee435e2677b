"""Looking at one file in this process, and the form in which a worker's answer is believed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import pictures
from rempart.signals.digests import digest_bytes
from rempart.signals.examine import Examination, examine
from rempart.signals.frames import MAX_FRAME, FrameError, channel_pair
from rempart.signals.mediatype import DECODED, sniff, webp_size
from rempart.signals.outcome import LOW_QUALITY_BELOW, Limits, Outcome
from rempart.signals.pdq import pdq
from rempart.signals.samples import samples

PHOTO = pictures.jpeg(1, 160, 120)


def look_at(path: Path, data: bytes, **options: Any) -> Examination:
    path.write_bytes(data)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return examine(descriptor, limits=options.pop("limits", Limits()), **options)
    finally:
        os.close(descriptor)


def test_hash_is_that_of_the_canonical_pixels(tmp_path: Path) -> None:
    scene = pictures.scene(1, 160, 120)
    found = look_at(tmp_path / "photo", pictures.encode(scene, "PNG"))
    assert found.pdq == pdq(scene).hash
    assert (found.outcome, found.pdq_quality) == (Outcome.OK, pdq(scene).quality)


def test_quality_below_50_is_low_and_keeps_its_hash(tmp_path: Path) -> None:
    soft = np.asarray(Image.fromarray(np.arange(16, dtype=np.uint8).reshape(4, 4) * 9).resize((300, 300)))
    found = look_at(tmp_path / "soft", pictures.encode(soft, "PNG"))
    assert found.pdq_quality is not None
    assert found.pdq_quality < LOW_QUALITY_BELOW
    assert found.outcome is Outcome.LOW_QUALITY
    assert found.pdq is not None


def test_size_limit_is_inclusive(tmp_path: Path) -> None:
    at, over = (Limits(file_bytes=len(PHOTO) - less) for less in (0, 1))
    assert look_at(tmp_path / "photo", PHOTO, limits=at).outcome is Outcome.OK
    found = look_at(tmp_path / "photo", PHOTO, limits=over)
    assert found.outcome is Outcome.TOO_LARGE
    assert found.sha256 == digest_bytes(PHOTO).sha256
    assert found.size == len(PHOTO)


def test_reading_error_is_unreadable_and_names_itself(tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(PHOTO)
    write_only = os.open(tmp_path / "photo", os.O_WRONLY)
    found = examine(write_only, limits=Limits())
    os.close(write_only)
    assert found.outcome is Outcome.UNREADABLE
    assert "Bad file descriptor" in (found.error or "")
    assert found.sha256 is None


@pytest.mark.parametrize("plan", [{}, {"probe_set": None}, {"probe_set": "thorough", "facets": True}])
def test_answer_survives_the_wire(plan: dict[str, Any], tmp_path: Path) -> None:
    found = look_at(tmp_path / "photo", PHOTO, **plan)
    assert Examination.from_wire(found.to_wire()) == found


GOOD: dict[str, Any] = {
    "outcome": "ok",
    "media_type": "image/png",
    "size": 10,
    "sha256": "00" * 32,
    "sha1": "00" * 20,
    "md5": "00" * 16,
    "pdq": "ab" * 32,
    "pdq_quality": 100,
    "recipe": "srgb8-full-v1",
    "width": 3,
    "height": 4,
    "error": None,
    "probes": [["canonical", "ab" * 32, 100]],
    "facets": [],
}


def test_the_good_answer_of_these_tests_is_good() -> None:
    assert Examination.from_wire(GOOD).to_wire() == GOOD


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "fine"},
        {"outcome": None},
        {"outcome": "unreadable"},  # with a hash
        {"size": -1},
        {"size": True},
        {"size": 1.5},
        {"size": "10"},
        {"sha256": "00"},
        {"sha256": 7},
        {"sha256": "zz" * 32},
        {"pdq": "ab" * 31},
        {"pdq": None},  # without its hash a quality means nothing
        {"pdq_quality": 101},
        {"pdq_quality": None},
        {"error": "x" * 5000},
        {"error": ["x"]},
        {"media_type": 5},
        {"probes": "canonical"},
        {"probes": [["canonical", "ab" * 32]]},
        {"probes": [["canonical", "ab" * 32, 100]] * 5000},
        {"probes": [[None, "ab" * 32, -1]]},
        {"facets": [{"name": "x"}]},
    ],
    ids=str,
)
def test_answer_with_a_wrong_field_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(FrameError):
        Examination.from_wire(GOOD | change)


@pytest.mark.parametrize("field", GOOD)
def test_answer_without_a_field_is_refused(field: str) -> None:
    with pytest.raises(FrameError):
        Examination.from_wire({name: value for name, value in GOOD.items() if name != field})


@pytest.mark.parametrize(
    "frame",
    [
        b"x",
        (5).to_bytes(4, "big") + b"{}",
        (2).to_bytes(4, "big") + b"[]",
        (3).to_bytes(4, "big") + b"{x}",
        (4).to_bytes(4, "big") + b"\xff\xff\xff\xff",
        (100_000).to_bytes(4, "big") + b"[" * 100_000,
        (MAX_FRAME + 1).to_bytes(4, "big") + b" " * (MAX_FRAME - 1) + b"{}",
    ],
    ids=lambda frame: f"{frame[:12]!r}",
)
def test_damaged_message_is_refused(frame: bytes) -> None:
    ours, theirs = channel_pair()
    with theirs:
        theirs.send(frame)
        with pytest.raises(FrameError):
            ours.receive()
    ours.close()


def test_too_long_message_is_not_sent() -> None:
    ours, theirs = channel_pair()
    with theirs, pytest.raises(FrameError):
        ours.send({"x": "y" * MAX_FRAME})
    ours.close()


def test_each_sample_is_told_by_its_first_bytes() -> None:
    assert {media_type: sniff(data[:64]) for media_type, data in samples().items()} == {m: m for m in DECODED}


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf", "image/avif"),
        (b"\0\0\0\x20ftypmif1\0\0\0\0mif1heicmiaf", "image/heic"),
        (b"\0\0\0\x20ftypavis\0\0\0\0msf1avis", "image/avif"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0isommp42", None),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", None),
        (b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", "image/bmp"),
        (b"BMW is a car and no bitmap", None),
        (b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0" + bytes(8), "image/vnd.microsoft.icon"),
        (b"\0\0\x01\0\0\0\x10\x10\0\0\x01\0\x20\0" + bytes(8), None),
        (b"%PDF-1.7", None),
        (b"RIFF\0\0\0\0AVI LIST", None),
    ],
)
def test_content_is_told_apart(head: bytes, media_type: str | None) -> None:
    assert sniff(head) == media_type


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (17, 300), (160, 120)])
def test_webp_header_says_its_size(size: tuple[int, int], lossless: bool) -> None:
    scene = pictures.scene(2, 300, 300)[: size[1], : size[0]]
    with_alpha = np.dstack([scene, scene[..., 0]])
    for pixels in (scene, with_alpha):
        assert webp_size(pictures.encode(pixels, "WEBP", lossless=lossless)) == size
    assert webp_size(b"RIFF\0\0\0\0WEBPVP8 ") is None
