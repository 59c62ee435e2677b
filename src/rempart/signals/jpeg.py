"""JPEG: what the header says, and the fast way to its pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from rempart.errors import TooLargeError, UnreadableImageError
from rempart.signals.orientation import read_orientation

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_APP1, _APP2 = 0xE1, 0xE2
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_HUFFMAN_DCT = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive
_ICC = b"ICC_PROFILE\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class JpegHeader:
    """What stands before the first scan (ITU-T T.81 annex B; EXIF 2.32; ICC.1 annex B.4)."""

    width: int
    height: int
    components: int
    precision: int
    process: int
    orientation: int
    icc: bytes | None

    @property
    def is_plain(self) -> bool:
        """Whether this is 8-bit grey or colour in one of the three usual processes: the fast way is open."""
        return self.precision == 8 and self.components in (1, 3) and self.process in _HUFFMAN_DCT

    @property
    def is_ink(self) -> bool:
        """Whether this is an 8-bit CMYK or YCCK picture in one of the usual processes."""
        return self.precision == 8 and self.components == 4 and self.process in _HUFFMAN_DCT


def read_header(data: bytes) -> JpegHeader:
    """Walk the markers up to the first scan; raises UnreadableImageError when there is no frame before it."""
    frame: tuple[int, int, int, int, int] | None = None
    orientation: int | None = None
    chunks: dict[int, bytes] = {}
    at = 2
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 4 > len(data):
            break
        marker = data[at + 1]
        if marker in (0xFF, 0x00) or marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in (_SOS, _EOI):
            break
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        body, end = at + 4, at + 2 + length
        if marker in _FRAMES and frame is None and length >= 8:
            frame = (
                marker,
                data[body],
                int.from_bytes(data[body + 1 : body + 3], "big"),
                int.from_bytes(data[body + 3 : body + 5], "big"),
                data[body + 5],
            )
        elif marker == _APP1 and orientation is None and data[body : body + 6] == b"Exif\0\0":
            orientation = read_orientation(data[body:end])
        elif marker == _APP2 and data[body : body + 12] == _ICC and length > 16:
            chunks.setdefault(data[body + 12], data[body + 14 : end])
        at = max(end, at + 2)
    if frame is None:
        raise UnreadableImageError("The JPEG has no frame header.")
    process, precision, height, width, components = frame
    return JpegHeader(
        width=width,
        height=height,
        components=components,
        precision=precision,
        process=process,
        orientation=orientation or 1,
        icc=b"".join(chunks[number] for number in sorted(chunks)) or None,
    )


def decode_plain(
    data: bytes, *, colorspace: str = "RGB", into: NDArray[np.uint8] | None = None, least: tuple[int, int] = (0, 0)
) -> NDArray[np.uint8] | None:
    """The stored (h, w, 3) RGB pixels of a plain JPEG, equal to Pillow's to the bit; (h, w, 4) for "CMYK".

    They are written `into` an array of that shape when one is given, and it is returned. With `least` (height, width)
    the picture is reduced while it is decoded, by eighths, to no fewer pixels than that; all of the data is read still.

    None when the decoder found fault with the data but reached the end of the picture, or does not know its kind:
    Pillow, which is more patient, then has the say. A missing end marker after complete data is no fault.
    Raises UnreadableImageError when the data ends before the picture does, even where an end marker was put behind
    it; TooLargeError when the memory limit was reached.
    """
    try:
        return _decode(data, colorspace, into, least)
    except ValueError as err:
        said = str(err)
    if said.startswith("Premature end of JPEG file"):
        try:
            return _decode(data + b"\xff\xd9", colorspace, into, least)
        except ValueError as err:
            said = str(err)
    if "premature end" in said.lower():
        raise UnreadableImageError("The JPEG's data ends before its picture does.")
    if "memory" in said.lower():
        raise TooLargeError("The picture needs more memory than the limit.")
    return None


def _decode(data: bytes, colorspace: str, into: NDArray[np.uint8] | None, least: tuple[int, int]) -> NDArray[np.uint8]:
    pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
        data, colorspace=colorspace, fastdct=False, fastupsample=False, min_height=least[0], min_width=least[1],
        buffer=into, strict=True,
    )  # fmt: skip
    return pixels
