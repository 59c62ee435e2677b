"""The canonical recipe is what a browser sees: the same files, decoded by Chromium and by Rempart, pixel by pixel.

Where the two differ, the test says by how much: ICC conversion (another engine) by 1 of 255.
"""

from __future__ import annotations

import base64

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

import pictures
import rawfiles
from rempart.signals.decode import decode
from rempart.signals.outcome import Limits

# A bitmap's own bytes are read through WebGL: a 2D canvas would multiply them by their alpha and lose some.
READ_PIXELS = """async (file) => {
  const bytes = Uint8Array.from(atob(file), c => c.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes]), {imageOrientation: 'from-image', premultiplyAlpha: 'none'});
  const gl = new OffscreenCanvas(1, 1).getContext('webgl2', {premultipliedAlpha: false});
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
  gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
  const texture = gl.getParameter(gl.TEXTURE_BINDING_2D);
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
  const pixels = new Uint8Array(bitmap.width * bitmap.height * 4);
  gl.readPixels(0, 0, bitmap.width, bitmap.height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
  let text = '';
  for (let at = 0; at < pixels.length; at += 8192) text += String.fromCharCode(...pixels.subarray(at, at + 8192));
  return [bitmap.width, bitmap.height, btoa(text)];
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Page:
    return browser.new_page()


def by_browser(page: Page, data: bytes) -> np.ndarray:
    """(h, w, 3) over white, as integers."""
    width, height, text = page.evaluate(READ_PIXELS, base64.b64encode(data).decode())
    straight = np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4).astype(int)
    alpha = straight[..., 3:]
    return np.rint((straight[..., :3] * alpha + 255 * (255 - alpha)) / 255).astype(int)


SCENE = pictures.scene(5, 120, 90)
IMAGE = Image.fromarray(SCENE)
FADE = np.dstack([SCENE, np.broadcast_to(np.linspace(0, 255, 120).astype(np.uint8), (90, 120))])
DEEP = np.random.default_rng(1).integers(0, 65536, (30, 40, 4), dtype=np.uint16)
WIDE = rawfiles.icc_profile(primaries=rawfiles.WIDE, gamma=1.8)
GREY = rawfiles.icc_profile(space=b"GRAY", gamma=1.8)


def turned(format: str, orientation: int) -> bytes:
    return pictures.encode(pictures.turned(SCENE, orientation), format, exif=pictures.exif(orientation))


def animated(format: str) -> bytes:
    options = {"lossless": True} if format == "WEBP" else {}
    return pictures.encode(SCENE, format, save_all=True, append_images=[Image.fromarray(255 - SCENE)], **options)


SAME = {
    "jpeg": pictures.encode(SCENE, "JPEG"),
    "progressive jpeg": pictures.encode(SCENE, "JPEG", progressive=True),
    "jpeg 4:4:4": pictures.encode(SCENE, "JPEG", subsampling=0),
    "grey jpeg": pictures.encode(IMAGE.convert("L"), "JPEG"),
    "cmyk jpeg": pictures.encode(IMAGE.convert("CMYK"), "JPEG"),
    **{f"jpeg turned {number}": turned("JPEG", number) for number in range(2, 9)},
    "png turned": turned("PNG", 6),
    "avif turned": turned("AVIF", 6),
    "png": pictures.encode(SCENE, "PNG"),
    "soft alpha png": pictures.encode(FADE, "PNG"),
    "grey alpha png": pictures.encode(FADE[..., 2:], "PNG"),
    "palette png with alpha": pictures.encode(IMAGE.quantize(16), "PNG", transparency=bytes([0, 128] + [255] * 14)),
    "transparent colour png": pictures.encode(SCENE, "PNG", transparency=tuple(int(v) for v in SCENE[3, 3])),
    "bilevel png": pictures.encode(IMAGE.convert("1"), "PNG"),
    "broken icc png": pictures.encode(SCENE, "PNG", icc_profile=b"x" * 300),
    "webp": pictures.encode(SCENE, "WEBP"),
    "soft alpha webp": pictures.encode(FADE, "WEBP", lossless=True, exact=True),
    "avif": pictures.encode(SCENE, "AVIF"),
    "bmp": pictures.encode(SCENE, "BMP"),
    "16-bit png": rawfiles.png(DEEP[..., :3]),
    "16-bit grey png": rawfiles.png(DEEP[..., :1]),
    "16-bit alpha png": rawfiles.png(DEEP),
    "gif": pictures.encode(SCENE, "GIF"),
    **{f"animated {format}": animated(format) for format in ("PNG", "GIF", "WEBP")},
}
NEAR = {
    "wide icc png": (pictures.encode(SCENE, "PNG", icc_profile=WIDE), 1),
    "wide icc jpeg": (pictures.encode(SCENE, "JPEG", icc_profile=WIDE), 1),
    "grey icc png": (pictures.encode(IMAGE.convert("L"), "PNG", icc_profile=GREY), 1),
}


@pytest.mark.parametrize("kind", SAME)
def test_pixels_are_those_of_the_browser(kind: str, page: Page) -> None:
    seen = by_browser(page, SAME[kind])
    assert np.array_equal(decode(SAME[kind], limits=Limits()).pixels, seen)


@pytest.mark.parametrize("kind", NEAR)
def test_pixels_lie_next_to_those_of_the_browser(kind: str, page: Page) -> None:
    data, furthest = NEAR[kind]
    assert np.abs(decode(data, limits=Limits()).pixels - by_browser(page, data)).max() <= furthest


def test_webp_turned_by_exif_is_upright_here_and_not_in_chromium(page: Page) -> None:
    """Chromium reads no EXIF in WebP, the recipe does: the dihedral probes find what such a browser hashed."""
    data = turned("WEBP", 6)
    assert by_browser(page, data).shape == (120, 90, 3)
    assert decode(data, limits=Limits()).pixels.shape == (90, 120, 3)
