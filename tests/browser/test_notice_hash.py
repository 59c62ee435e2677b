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
from rempart.signals.decode import decode
from rempart.signals.outcome import Limits
from rempart.signals.pdq import pdq
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
    """Each scene in one kind of file, the kinds in turn, and what `rempart hash` says of it."""
    home = tmp_path_factory.mktemp("files")
    for seed in range(SCENES):
        kind = KINDS[seed % len(KINDS)]
        (home / f"{seed} {kind}".replace(":", "")).write_bytes(FORMATS[kind](pictures.scene(seed, 320, 240)))
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


def test_the_known_answer_of_the_self_test_is_that_of_the_server(page: Page, tmp_path: Path) -> None:
    [worker] = page.workers
    drawn = worker.evaluate("pattern().arrayBuffer().then((bytes) => [...new Uint8Array(bytes)])")
    (tmp_path / "pattern.bmp").write_bytes(bytes(drawn))
    told = json.loads(rempart("hash", "--json", tmp_path).stdout)
    assert worker.evaluate("[KNOWN.hash, KNOWN.sha256]") == [told["pdq"], told["sha256"]]
    assert told["pdq_quality"] >= 90


@pytest.mark.parametrize("seed", range(4))
def test_colours_under_soft_alpha_lie_over_white_as_on_the_server(page: Page, seed: int) -> None:
    over, alpha = pictures.scene(seed), pictures.scene(seed + 20)[..., 1:2]
    assert len(np.unique(over[..., 0].astype(int) << 8 | alpha[..., 0])) > 20_000  # pairs of value and alpha
    data = encode(np.concatenate([over, alpha], axis=2), "PNG")
    own = pdq(decode(data, limits=Limits()).pixels)
    text, _ = hashed(page, data)
    assert frames_of(text) == [(int.from_bytes(bytes(own.hash)), own.quality)]


@pytest.mark.parametrize("size", [(64, 64), (64, 65), (5, 5), (129, 127), (7, 300), (1203, 641)])
def test_sizes_at_the_edges_of_the_windows_give_the_same_bits(page: Page, size: tuple[int, int]) -> None:
    scene = pictures.scene(sum(size), *size)
    own = pdq(scene)
    text, _ = hashed(page, encode(scene, "PNG"))
    assert frames_of(text) == [(int.from_bytes(bytes(own.hash)), own.quality)]


def test_drawn_pictures_whose_bits_hang_on_rounding_give_the_same_bits(page: Page) -> None:
    y, x = np.mgrid[:200, :300]
    drawn = {
        "ramp": x * 255 // 300, "steps": x // 30 * 25, "checks": (x // 20 + y // 20) % 2 * 200 + 20,
        "bars": (x // 7 % 2) * 255, "ring": (np.hypot(x - 150, y - 100) < 70) * 255, "cross": (abs(x - 150) < 30) * 220,
    }  # fmt: skip
    compared = 0
    for grey in drawn.values():
        pixels = np.repeat(grey[..., None].astype(np.uint8), 3, axis=2)
        own = pdq(pixels)
        text, _ = hashed(page, encode(pixels, "PNG"))
        expected = [(int.from_bytes(bytes(own.hash)), own.quality)] if own.quality >= 50 else []
        assert frames_of(text) == expected
        compared += len(expected)
    assert compared >= 2
