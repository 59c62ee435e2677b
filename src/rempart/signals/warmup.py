"""Everything a worker will need is imported and used once, before the sandbox closes: afterwards no file opens."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

from rempart.errors import RempartError
from rempart.signals import facets, probes  # noqa: F401  imported now, because it cannot be later
from rempart.signals.colour import render
from rempart.signals.decode import decode, prepare_codecs
from rempart.signals.digests import digest_bytes
from rempart.signals.outcome import Limits
from rempart.signals.pdq import pdq
from rempart.signals.samples import gradient, samples


def warm_up() -> None:
    """Decode one tiny picture of each format, through an ICC profile too, and hash it. A format that does not work
    here is no reason to stop: its files will be `unreadable`, and `rempart doctor` says so."""
    prepare_codecs()
    limits = Limits()
    for data in samples().values():
        digest_bytes(data)
        try:
            pdq(decode(data, limits=limits).pixels)
        except RempartError:
            continue
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for mode in ("RGBA", "L", "CMYK", "I;16", "P", "LAB"):
        image = Image.new(mode, (8, 8))
        if mode == "I;16":
            image = Image.fromarray(np.zeros((8, 8), np.uint16))
        render(image if mode != "P" else gradient().quantize(4), profile=profile, orientation=6)
    Image.open(io.BytesIO(samples()["image/png"])).load()
