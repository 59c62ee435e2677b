"""Ordinary drawn pictures whose files say where they come from, or say nothing."""

import io

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pictures import scene

AI_MADE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
PROMPT = "a calm harbour at dusk, oil on canvas"
_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'Iptc4xmpExt:DigitalSourceType="{}"/></rdf:RDF></x:xmpmeta>'
)


def labelled(seed: int, kind: str = AI_MADE, *, width: int = 480, height: int = 360) -> bytes:
    """A JPEG file with a digital source type in its XMP."""
    stream = io.BytesIO()
    packet = _XMP.format(kind).encode()
    Image.fromarray(scene(seed, width, height)).save(stream, "JPEG", quality=90, xmp=packet)
    return stream.getvalue()


def generated(seed: int, prompt: str = PROMPT, *, width: int = 480, height: int = 360) -> bytes:
    """A PNG file as a web interface for a generator writes it, with the prompt."""
    told, stream = PngInfo(), io.BytesIO()
    told.add_text("parameters", f"{prompt}\nNegative prompt: fog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1")
    Image.fromarray(scene(seed, width, height)).save(stream, "PNG", pnginfo=told, compress_level=1)
    return stream.getvalue()
