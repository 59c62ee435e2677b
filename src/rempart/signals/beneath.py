"""What a picture file holds and does not show: colours under transparency, pictures behind the first one.

Whoever looks at a picture sees none of it. A program that takes the file further may use it: it drops the transparency,
or takes another picture of a moving one.
"""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from PIL import (
    AvifImagePlugin,
    GifImagePlugin,
    ImageFile,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from rempart.signals.decode import Decoded
from rempart.signals.orientation import turn

_PLUGINS: dict[str, type[ImageFile.ImageFile]] = {
    "image/png": PngImagePlugin.PngImageFile,
    "image/webp": WebPImagePlugin.WebPImageFile,
    "image/gif": GifImagePlugin.GifImageFile,
    "image/tiff": TiffImagePlugin.TiffImageFile,
    "image/avif": AvifImagePlugin.AvifImageFile,
}
_CLEAR = frozenset({"LA", "PA", "RGBA", "La", "RGBa"})


def moves(data: bytes, media_type: str) -> bool:
    """Whether a picture that decodes has more than one picture to show. JPEG and HEIC files hold further ones that
    nothing shows in the first one's place: those count as one."""
    image = _opened(data, media_type)
    return bool(getattr(image, "is_animated", False))


def beneath(data: bytes, decoded: Decoded) -> Decoded | None:
    """A decoded picture as it is without its transparency; None where it has none, or one colour under it."""
    image = _opened(data, decoded.media_type)
    # Of other modes one colour is clear, so that nothing is under it.
    if image is None or not (image.mode in _CLEAR or isinstance(image.info.get("transparency"), bytes)):
        return None
    image.load()
    whole = np.asarray(image.convert("RGBA"))
    colours, clear = whole[..., :3], (whole[..., 3] < 255)[..., None]
    least = colours.min(axis=(0, 1), where=clear, initial=255)
    if (colours.max(axis=(0, 1), where=clear, initial=0) <= least).all():
        return None
    return replace(decoded, pixels=turn(np.ascontiguousarray(colours), decoded.orientation))


def _opened(data: bytes, media_type: str) -> ImageFile.ImageFile | None:
    """The file, not loaded yet; None for kinds of which only what is shown is there."""
    plugin = _PLUGINS.get(media_type)
    if media_type in ("image/heic", "image/heif"):
        from pi_heif import HeifImageFile

        plugin = HeifImageFile
    return None if plugin is None else plugin(io.BytesIO(data))
