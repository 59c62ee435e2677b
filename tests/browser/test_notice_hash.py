"""The hash step in Chromium: the same text as `rempart hash` would give, for every kind of picture."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

import pictures
import rawfiles
from noticehashing import HashSite, hash_site, hashed, opened
from pictures import Pixels, encode
from scanning import rempart

WIDE = rawfiles.icc_profile(primaries=rawfiles.WIDE, gamma=1.8)


def _turned(number: int) -> Callable[[Pixels], bytes]:
    return lambda a: encode(pictures.turned(a, number), "JPEG", exif=pictures.exif(number))


def _fading(a: Pixels) -> Pixels:
    height, width = a.shape[:2]
    return np.dstack([a, np.broadcast_to(np.linspace(0, 255, width).astype(np.uint8), (height, width))])


def _deep(a: Pixels) -> np.ndarray:
    low = np.random.default_rng(1).integers(0, 256, a.shape, dtype=np.uint16)
    return a.astype(np.uint16) << 8 | low


FORMATS: dict[str, Callable[[Pixels], bytes]] = {
    "jpeg": lambda a: encode(a, "JPEG"),
    "png": lambda a: encode(a, "PNG"),
    "jpeg 4:4:4": lambda a: encode(a, "JPEG", subsampling=0),
    "progressive jpeg": lambda a: encode(a, "JPEG", progressive=True),
    "grey jpeg": lambda a: encode(Image.fromarray(a).convert("L"), "JPEG"),
    "cmyk jpeg": lambda a: encode(Image.fromarray(a).convert("CMYK"), "JPEG"),
    **{f"jpeg turned {number}": _turned(number) for number in range(1, 9)},
    "webp": lambda a: encode(a, "WEBP"),
    "webp without loss": lambda a: encode(a, "WEBP", lossless=True),
    "avif": lambda a: encode(a, "AVIF", speed=10),
    "gif": lambda a: encode(a, "GIF"),
    "bmp": lambda a: encode(a, "BMP"),
    "palette png": lambda a: encode(Image.fromarray(a).quantize(64), "PNG"),
    "grey png": lambda a: encode(Image.fromarray(a).convert("L"), "PNG"),
    "alpha png": lambda a: encode(_fading(a), "PNG"),
    "alpha webp": lambda a: encode(_fading(a), "WEBP", lossless=True, exact=True),
    "16-bit png": lambda a: rawfiles.png(_deep(a)),
    "16-bit grey png": lambda a: rawfiles.png(_deep(a)[..., :1]),
    "animated gif": lambda a: encode(a, "GIF", save_all=True, append_images=[Image.fromarray(255 - a)]),
    "icc png": lambda a: encode(a, "PNG", icc_profile=WIDE),
    "icc jpeg": lambda a: encode(a, "JPEG", icc_profile=WIDE),
}
# Colour profiles are applied by another engine in each, which rounds otherwise.
FURTHEST = {"icc png": 4, "icc jpeg": 4}
SCENES, KINDS = 50, tuple(FORMATS)


@pytest.fixture(scope="module")
def site() -> Iterator[HashSite]:
    with hash_site() as found:
        yield found


@pytest.fixture(scope="module")
def page(browser: Browser, site: HashSite) -> Page:
    return opened(browser, site)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, dict[str, str]]:
    """Each scene in two kinds of file, so that all kinds come three times and more, and what `rempart hash` says."""
    home = tmp_path_factory.mktemp("files")
    for seed in range(SCENES):
        scene = pictures.scene(seed, 320, 240)
        for kind in {KINDS[seed % len(KINDS)], KINDS[(7 * seed + 3) % len(KINDS)]}:
            (home / f"{seed} {kind}".replace(":", "")).write_bytes(FORMATS[kind](scene))
    done = rempart("hash", "--json", home)
    assert done.returncode == 0, done.stderr
    return {Path(line["path"]): line for line in map(json.loads, done.stdout.splitlines())}


def frames_of(text: str) -> list[tuple[int, int]]:
    return [(int(line[:64], 16), int(line[65:])) for line in text.splitlines()[2:]]


def test_the_text_is_that_of_the_server_for_fifty_scenes_in_all_kinds_of_files(page: Page, files) -> None:
    seen, wrong = set(), {}
    for path, told in files.items():
        kind = path.name.split(" ", 1)[1]
        text, _ = hashed(page, path.read_bytes())
        assert text.startswith(f"recipe {told['recipe']}\nsha256 {told['sha256']}\n")
        [(own, quality)] = frames_of(text)
        apart = (own ^ int(told["pdq"], 16)).bit_count()
        furthest = FURTHEST.get(kind, 0)
        if apart > furthest or abs(quality - told["pdq_quality"]) > furthest:
            wrong[path.name] = apart, quality, told["pdq_quality"]
        seen.add(kind)
    assert wrong == {}
    assert seen == {kind.replace(":", "") for kind in KINDS}
