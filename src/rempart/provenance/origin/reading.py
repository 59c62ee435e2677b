"""Where a picture says that it comes from: all places of a file read, and what they amount to.

For decode workers: the bytes are a stranger's. An unlabelled file costs a walk over its structure and nothing more.
"""

from __future__ import annotations

from dataclasses import replace

from rempart.provenance.origin.blocks import Blocks, blocks_of
from rempart.provenance.origin.credentials import read_credentials
from rempart.provenance.origin.exif import read_exif
from rempart.provenance.origin.iptc import read_iptc
from rempart.provenance.origin.packet import read_xmp
from rempart.provenance.origin.saying import Said, concluded
from rempart.provenance.origin.texts import read_texts
from rempart.provenance.origin.trust import Roots, Trust
from rempart.provenance.origin.values import Credentials, Origin, Unread


def read_origin(data: bytes, *, trust: Trust | Roots, more: Said | None = None) -> Origin:
    """What a picture file says of where it comes from. Never raises for what it holds; MemoryError passes through.

    `more` is what was found elsewhere in it, in its pixels (see `hidden`).
    """
    try:
        return _read(data, trust, more)
    except MemoryError:
        raise
    # Whatever goes wrong here concerns a label: a picture is looked up, and looked at, all the same.
    except Exception:  # noqa: BLE001
        return Origin(unreadable=(Unread.STRUCTURE,))


def _read(data: bytes, trust: Trust | Roots, more: Said | None) -> Origin:
    blocks = blocks_of(data)
    credentials, signed = Credentials(), Said()
    if blocks.credentials and blocks.media_type is not None:
        roots = trust if isinstance(trust, Roots) else Roots(pem=trust.pem)
        credentials, signed = read_credentials(data, blocks.media_type, roots=roots)
    unsigned = _unsigned(blocks)
    if credentials.present:
        # XMP names a copy elsewhere of what was read here.
        there = tuple(one for one in unsigned.unreadable if one is not Unread.CREDENTIALS)
        unsigned = replace(unsigned, unreadable=there)
    said = Said.together([signed, unsigned, *([more] if more else [])])
    return Origin(
        declaration=concluded(said.grounds),
        grounds=said.grounds,
        credentials=credentials,
        source_types=said.source_types,
        generator=said.generator,
        fields=said.fields,
        has_prompt=bool(said.prompts),
        unreadable=said.unreadable,
    )


def prompts_of(data: bytes, *, more: Said | None = None) -> tuple[tuple[str, str], ...]:
    """The texts in a file that somebody typed, by field: personal, perhaps vile. For a logged reveal alone."""
    return Said.together([_unsigned(blocks_of(data)), *([more] if more else [])]).prompts


def _unsigned(blocks: Blocks) -> Said:
    parts = [Said(unreadable=tuple(blocks.unreadable))]
    parts += [read_xmp(packet) for packet in blocks.xmp]
    if blocks.texts:
        parts.append(read_texts(blocks))
    if blocks.exif:
        parts.append(read_exif(blocks.exif))
    if blocks.iptc:
        parts.append(read_iptc(blocks.iptc))
    return Said.together(parts)
