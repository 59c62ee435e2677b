"""What a JPEG file carries, and putting it into another one (ITU-T T.81 annex B; XMP part 3; EXIF 2.32)."""

from __future__ import annotations

from collections.abc import Iterator

from rempart.provenance.stamp.carried import Carried

_SOS, _EOI = 0xDA, 0xD9
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_APP0, _APP1, _APP2, _APP11, _APP13, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEB, 0xED, 0xFE
_EXIF, _XMP, _XMP_MORE = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
_ICC, _SEVERAL = b"ICC_PROFILE\0", b"MPF\0"
_RESOURCES, _RESOURCE = b"Photoshop 3.0\0", b"8BIM"
_PICTURES = frozenset({0x0409, 0x040C})
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_MOST_BODY = 65533


def taken(data: bytes) -> Carried:
    """What the file carries."""
    carried = Carried()
    for marker, body in _segments(data):
        if marker == _APP1 and body.startswith(_EXIF):
            carried.exif = carried.exif or body[len(_EXIF) :]
        elif marker == _APP1 and body.startswith(_XMP):
            if carried.xmp is not None:
                carried.leave_out("xmp")
            carried.xmp = carried.xmp or body[len(_XMP) :]
        elif marker == _APP1 and body.startswith(_XMP_MORE):
            carried.leave_out("xmp.extension")
        elif marker == _APP2 and body.startswith(_SEVERAL):
            carried.leave_out("more_pictures")
        elif marker == _APP11:
            carried.leave_out("c2pa")
        elif marker == _APP13 and body.startswith(_RESOURCES):
            kept = _without_pictures(body)
            if kept != body:
                carried.leave_out("photoshop.thumbnail" if kept else "photoshop")
            if kept:
                carried.others.append((bytes([marker]), kept))
        elif marker == _COMMENT:
            carried.others.append((bytes([marker]), body))
        elif 0xE0 < marker <= 0xEF and not (marker == 0xEE or body.startswith(_ICC)):
            carried.leave_out(f"app{marker - _APP0}")
    return carried


def put(encoded: bytes, carried: Carried) -> bytes:
    """A file that an encoder wrote, with what is carried behind its first segment."""
    parts = []
    if carried.exif is not None and len(carried.exif) + len(_EXIF) <= _MOST_BODY:
        parts.append((_APP1, _EXIF + carried.exif))
    if carried.xmp is not None:
        parts.append((_APP1, _XMP + carried.xmp))
    parts += [(name[0], body) for name, body in carried.others]
    at = 2
    if encoded[2:4] == bytes([0xFF, _APP0]):
        at = 4 + int.from_bytes(encoded[4:6], "big")
    made = b"".join(bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body for marker, body in parts)
    return encoded[:at] + made + encoded[at:]


def _without_pictures(body: bytes) -> bytes:
    """Photoshop's resources without the small pictures among them; empty where their structure is damaged."""
    kept, at = [_RESOURCES], len(_RESOURCES)
    while at < len(body):
        name = at + 6
        sized = name + (body[name] + 2 & ~1) if name < len(body) else len(body)
        size = int.from_bytes(body[sized : sized + 4], "big")
        end = sized + 4 + size + (size & 1)
        if body[at : at + 4] != _RESOURCE or sized + 4 + size > len(body):
            return b""
        if int.from_bytes(body[at + 4 : name], "big") not in _PICTURES:
            kept.append(body[at:end])
        at = end
    return b"".join(kept)


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and body of each segment before the first scan; ends where the structure does."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return
        marker = data[at + 1]
        if marker == 0xFF or marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in (_SOS, _EOI, 0):
            return
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if length < 2:
            return
        yield marker, data[at + 4 : at + 2 + length]
        at += 2 + length


def components(data: bytes) -> int:
    """How many colours its frame has; 0 where there is none."""
    for marker, body in _segments(data):
        if marker in _FRAMES and len(body) > 5:
            return body[5]
    return 0
