"""Everything a worker will need is imported and used once, before the sandbox closes: afterwards no file opens."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

from rempart.errors import RempartError
from rempart.signals.beneath import beneath, moves
from rempart.signals.colour import render
from rempart.signals.decode import decode, prepare_codecs
from rempart.signals.digests import digest_bytes
from rempart.signals.facets import make_facets
from rempart.signals.outcome import Limits
from rempart.signals.pdq import pdq
from rempart.signals.probes import SETS, make_probes
from rempart.signals.samples import gradient, samples

ORIENTATION_TAG = 0x0112


def warm_up() -> None:
    """Decode one tiny picture of each format, through an ICC profile too, and hash it. A format that does not work
    here is no reason to stop: its files will be `unreadable`, and `rempart doctor` says so."""
    prepare_codecs()
    limits = Limits()
    for kind, data in samples().items():
        digest_bytes(data)
        try:
            decoded = decode(data, limits=limits)
            pdq(decoded.pixels)
            moves(data, kind)
            beneath(data, decoded)
        except RempartError:
            continue
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for mode in ("RGBA", "L", "CMYK", "I;16", "P", "LAB"):
        image = Image.new(mode, (8, 8))
        if mode == "I;16":
            image = Image.fromarray(np.zeros((8, 8), np.uint16))
        render(image if mode != "P" else gradient().quantize(4), profile=profile, orientation=6)
    Image.open(io.BytesIO(samples()["image/png"])).load()
    beneath(_clear(), decode(_clear(), limits=limits))
    framed = decode(_framed(), limits=limits)
    for name in SETS:
        make_probes(framed, probe_set=name)
    make_facets(framed.pixels)


def _clear() -> bytes:
    """A picture under full transparency."""
    stream = io.BytesIO()
    image = gradient().convert("RGBA")
    image.putalpha(0)
    image.save(stream, "PNG")
    return stream.getvalue()


def _framed() -> bytes:
    """A textured picture inside a plain page, turned by EXIF, so that every kind of probe is made once: libraries
    import parts of themselves on first use (NumPy's median does), which the closed sandbox would refuse."""
    page = np.full((900, 600, 3), 250, np.uint8)
    page[250:650, 20:580] = np.random.default_rng(1).integers(0, 256, (20, 28, 3), np.uint8).repeat(20, 0).repeat(20, 1)
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = 6
    Image.fromarray(page).save(stream, "PNG", exif=exif)
    return stream.getvalue()
