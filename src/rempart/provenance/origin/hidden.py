"""Text that generators hide in a picture's transparency: one bit of each alpha value, column after column.

NovelAI writes it so, and extensions of others do ("stealth pnginfo"). Finding it takes decoded pixels: on inspect and
in cases, never at an upload.
"""

from __future__ import annotations

import io
import json
import warnings
import zlib

import numpy as np
from PIL import Image

from rempart.provenance.origin.blocks import blocks_of
from rempart.provenance.origin.generators import traced
from rempart.provenance.origin.saying import Said
from rempart.provenance.origin.texts import unzipped
from rempart.provenance.origin.values import Place, Unread
from rempart.signals.outcome import Limits

_MARKS = {b"stealth_pnginfo": False, b"stealth_pngcomp": True}
_MARK = 15
_MOST_PACKED, _MOST_TEXT = 1 << 20, 2 << 20
_GZIP = zlib.MAX_WBITS | 16
_FORMATS = {"image/png": "PNG", "image/webp": "WEBP"}


def hidden_in(data: bytes, *, limits: Limits) -> Said:
    """What is hidden in the alpha channel of a PNG or WebP file; nothing for other files. Never raises for what a file
    holds. MemoryError passes through."""
    blocks = blocks_of(data)
    kind = _FORMATS.get(blocks.media_type or "")
    if kind is None or not blocks.alpha:
        return Said()
    try:
        bits = _bits(data, kind, limits)
        packed = _MARKS.get(_bytes(bits, 0, _MARK))
        if packed is None:
            return Said()
        size = int.from_bytes(_bytes(bits, _MARK, 4), "big") // 8
        body = _bytes(bits, _MARK + 4, min(size, _MOST_PACKED + 1))
        if len(body) != size:
            raise ValueError("cut short, or too long")
        text = (unzipped(body, most=_MOST_TEXT, form=_GZIP) if packed else body).decode("utf-8", "replace")
    except ValueError:
        return Said(unreadable=(Unread.PIXELS,))
    return traced(_fields(text), place=Place.PIXELS)


def _bits(data: bytes, kind: str, limits: Limits) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=(kind,)) as image:
                if image.width * image.height > limits.pixels:
                    raise ValueError("too many pixels")
                alpha = np.asarray(image.convert("RGBA") if image.mode == "LA" else image)
    except MemoryError:
        raise
    # Decoders raise almost anything on damaged bytes.
    except Exception as err:
        raise ValueError("damaged") from err
    if alpha.ndim != 3 or alpha.shape[2] != 4 or alpha.dtype != np.uint8:
        return np.zeros(0, np.uint8)
    return np.asarray(alpha[..., 3].T.reshape(-1) & 1)


def _bytes(bits: np.ndarray[tuple[int], np.dtype[np.uint8]], start: int, count: int) -> bytes:
    return np.packbits(bits[8 * start : 8 * (start + count)]).tobytes()


def _fields(text: str) -> dict[str, str]:
    """The fields of what was hidden: a JSON object of texts, or the one text that Stable Diffusion's page writes."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {"parameters": text}
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str)}
