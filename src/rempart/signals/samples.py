"""A tiny picture in every format that is decoded here: for the worker's warm-up and for `rempart doctor`."""

from __future__ import annotations

import io
from base64 import b85decode
from functools import partial

import numpy as np
from PIL import Image

SIDE = 16

# Formats of which no encoder is at hand where Rempart runs: this module's own gradient, encoded once.
_ENCODED: dict[str, str] = {}


def gradient() -> Image.Image:
    """A 16 × 16 RGB gradient."""
    ramp = np.arange(SIDE, dtype=np.uint8) * (255 // (SIDE - 1))
    return Image.fromarray(
        np.stack(np.broadcast_arrays(ramp[:, None], ramp[None, :], np.uint8(128)), axis=-1)
    )


def samples() -> dict[str, bytes]:
    """File bytes by media type."""
    save = partial(_save, gradient())
    made = {
        "image/jpeg": save("JPEG"),
        "image/png": save("PNG"),
        "image/webp": save("WEBP"),
        "image/gif": save("GIF"),
        "image/bmp": save("BMP"),
        "image/tiff": save("TIFF", compression="tiff_lzw"),
    }
    return made | {media_type: b85decode(text) for media_type, text in _ENCODED.items()}


def _save(image: Image.Image, format: str, **options: str) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()
