"""IPTC's digital source types, and which of them say that a generator or a camera was at work.

https://cv.iptc.org/newscodes/digitalsourcetype/ (read in November 2026). Others disagree on some of the terms, so the
URI is always kept beside what is made of it here. Terms that are not below (a drawing, a screen, an algorithm that
was not trained) say neither.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rempart.provenance.origin.values import Declaration

_SAID: Mapping[str, Declaration] = {
    "trainedalgorithmicmedia": Declaration.AI_MADE,
    "compositewithtrainedalgorithmicmedia": Declaration.AI_EDITED,
    "digitalcapture": Declaration.CAMERA,
    "computationalcapture": Declaration.CAMERA,
    "compositecapture": Declaration.CAMERA,
    "negativefilm": Declaration.CAMERA,
    "positivefilm": Declaration.CAMERA,
    "print": Declaration.CAMERA,
}
_TERM = re.compile(
    r"(?:https?://(?:cv\.iptc\.org/newscodes|c2pa\.org)/digitalsourcetype/|digsrctype:|)([A-Za-z]+)/?", re.IGNORECASE
)


def meant(source_type: str) -> Declaration:
    """What a digital source type says, as a URI, a QCode (`digsrctype:print`) or a bare term; NONE for what is
    unknown, or says neither."""
    found = _TERM.fullmatch(source_type.strip())
    return _SAID.get(found[1].lower(), Declaration.NONE) if found else Declaration.NONE
