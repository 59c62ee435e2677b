"""The label in words: an XMP packet that says how a picture came to be (IPTC Photo Metadata 2025.1).

What a file says already is kept. There is no XML parser here, since the text may come from anywhere: the own properties
are put in before the packet's end, and where that cannot be done for certain the packet is replaced.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from rempart.provenance.stamp.soundness import is_sound

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
MADE = SOURCE_TYPES + "trainedAlgorithmicMedia"
EDITED = SOURCE_TYPES + "compositeWithTrainedAlgorithmicMedia"
MOST_BYTES = 60_000
"""The longest packet that a JPEG file holds in one piece is a little longer."""

_OWN = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_NAMES = ("DigitalSourceType", "DigitalSourcefileType", "AISystemUsed", "AISystemVersionUsed")
_END = re.compile(r"</\s*rdf:RDF\s*>")
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_WRAPPER = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    f'<rdf:RDF xmlns:rdf="{_RDF}">%s</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What is said: how it came to be, and what made it."""

    source_type: str
    system: str | None = None
    system_version: str | None = None


def merged(packet: bytes | None, label: Label) -> tuple[bytes, tuple[str, ...]]:
    """The packet with the label, and what of an earlier one it holds no more: `xmp` (all of it), or
    `xmp.source_type` (what it said of the same)."""
    own = _description(label)
    if packet is None:
        return (_WRAPPER % own).encode(), ()
    text, said = _without_own(packet)
    if text is not None:
        ends = list(_END.finditer(text))
        made = (text[: ends[-1].start()] + own + text[ends[-1].start() :]).encode() if len(ends) == 1 else b""
        if made and len(made) <= MOST_BYTES:
            return made, ("xmp.source_type",) if said else ()
    return (_WRAPPER % own).encode(), ("xmp",)


def _without_own(packet: bytes) -> tuple[str | None, bool]:
    """The packet without what it says of the same, and whether it said so; None where that is not certain."""
    try:
        text = packet.decode("utf-8")
    except UnicodeDecodeError:
        return None, False
    if len(packet) > MOST_BYTES or f'"{_RDF}"' not in text or "<!" in text or "\0" in text:
        return None, False
    if "xmpGImg:" in text:  # small pictures, which show it unmarked
        return None, False
    said = False
    for name in _NAMES:
        for form in (
            rf"\s[\w.-]+:{name}\s*=\s*(\"[^\"<]*\"|'[^'<]*')",
            rf"<([\w.-]+:{name})(?:\s[^<>]*)?>[^<]*</\1\s*>",
        ):
            text, count = re.subn(form, "", text)
            said = said or count > 0
        if re.search(rf"\b{name}\b", text):
            return None, True
    return (text if is_sound(text) else None), said


def _description(label: Label) -> str:
    told = {"DigitalSourceType": label.source_type}
    if label.system:
        told["AISystemUsed"] = label.system
    if label.system and label.system_version:
        told["AISystemVersionUsed"] = label.system_version
    pairs = " ".join(f'Iptc4xmpExt:{name}="{html.escape(_clean(value))}"' for name, value in told.items())
    return f'<rdf:Description rdf:about="" xmlns:rdf="{_RDF}" xmlns:Iptc4xmpExt="{_OWN}" {pairs}/>'


def _clean(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text)
