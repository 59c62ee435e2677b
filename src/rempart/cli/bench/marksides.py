"""The methods that `rempart bench watermark` compares: ours, and others where their packages are installed.

All are given 32 to 48 bits to carry. The others give bits back for whatever they are shown, and do not say whether
there was a mark; a reading of theirs counts as found when all of its bits are right.
"""

from __future__ import annotations

import contextlib
import importlib
import io
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rempart.provenance.watermark.embedding import PSNR, embedded
from rempart.provenance.watermark.framing import BITS
from rempart.provenance.watermark.pattern import Pattern
from rempart.provenance.watermark.reading import read

KEY = b"the key of the benchmark, which marks nothing else"

Pixels = NDArray[np.uint8]


class Side(Protocol):
    """A method, and what it is called with its version."""

    name: str
    bits: int
    checked: bool
    """Whether it says by itself that nothing was found."""

    def write(self, pixels: Pixels, number: int) -> Pixels:
        """The picture with a number in it."""

    def read(self, pixels: Pixels, original: tuple[int, int]) -> int | None:
        """The number; `original` is the height and width that was marked, for those that have to be told."""


class Ours:
    """The mark of `rempart.provenance.watermark`."""

    name, bits, checked = "rempart", BITS, True

    def __init__(self, psnr: float = PSNR) -> None:
        self._pattern, self._psnr = Pattern(KEY), psnr

    def write(self, pixels: Pixels, number: int) -> Pixels:
        """Marked."""
        return embedded(pixels, number, self._pattern, psnr=self._psnr)

    def read(self, pixels: Pixels, original: tuple[int, int]) -> int | None:
        """Found with a search; it is not told the original's size."""
        found = read(pixels, self._pattern)
        return None if found is None else found.record


class InvisibleWatermark:
    """A method of the package invisible-watermark."""

    bits, checked = 32, False

    def __init__(self, package: Any, method: str) -> None:
        self._package, self._method = package, method
        self.name = f"invisible-watermark {_version('invisible-watermark')} {method}"

    def write(self, pixels: Pixels, number: int) -> Pixels:
        """Marked."""
        encoder = self._package.WatermarkEncoder()
        encoder.set_watermark("bits", _bits(number, self.bits))
        return np.ascontiguousarray(encoder.encode(_turned(pixels), self._method)[..., ::-1])

    def read(self, pixels: Pixels, original: tuple[int, int]) -> int | None:
        """Whatever its bits say; nothing where it refuses a picture."""
        decoder = self._package.WatermarkDecoder("bits", self.bits)
        try:
            return _number(decoder.decode(_turned(pixels), self._method))
        except RuntimeError:
            return None


class BlindWatermark:
    """The package blind-watermark. Its decoder is told the size that was marked, and the picture is brought to it."""

    bits, checked = 48, False

    def __init__(self, package: Any) -> None:
        self._package = package
        self.name = f"blind-watermark {_version('blind-watermark')}, told the size"

    def write(self, pixels: Pixels, number: int) -> Pixels:
        """Marked."""
        made = self._made()
        made.read_img(img=_turned(pixels))
        made.read_wm(np.array(_bits(number, self.bits), dtype=bool), mode="bit")
        with contextlib.redirect_stdout(io.StringIO()):
            marked = np.rint(np.clip(made.embed(), 0, 255)).astype(np.uint8)
        return np.ascontiguousarray(marked[..., ::-1])

    def read(self, pixels: Pixels, original: tuple[int, int]) -> int | None:
        """Whatever its bits say."""
        import cv2

        whole = cv2.resize(_turned(pixels), original[::-1])
        return _number(self._made().extract(embed_img=whole, wm_shape=self.bits, mode="bit"))

    def _made(self) -> Any:
        with contextlib.redirect_stdout(io.StringIO()):
            return self._package.WaterMark(password_img=1, password_wm=1)


def others() -> Iterator[Side]:
    """Methods whose packages can be imported here."""
    with contextlib.suppress(ImportError):
        package = importlib.import_module("imwatermark")
        yield InvisibleWatermark(package, "dwtDct")
        yield InvisibleWatermark(package, "dwtDctSvd")
    with contextlib.suppress(ImportError):
        yield BlindWatermark(importlib.import_module("blind_watermark"))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"


def _turned(pixels: Pixels) -> Pixels:
    """As OpenCV has them: blue first."""
    return np.ascontiguousarray(pixels[..., ::-1])


def _bits(number: int, count: int) -> list[int]:
    return [number >> place & 1 for place in range(count)]


def _number(bits: Sequence[Any]) -> int:
    return sum(int(bit > 0.5) << place for place, bit in enumerate(bits))
