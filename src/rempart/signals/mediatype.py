"""Which picture format some bytes are, told by their content and never by a name."""

from __future__ import annotations

HEAD_BYTES = 64
"""As many leading bytes as `sniff` ever looks at."""

DECODED = (
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/gif",
    "image/bmp",
    "image/tiff",
    "image/avif",
    "image/heic",
)
"""The formats that are decoded here. Others that `sniff` names are pictures all the same: they are `unreadable`."""

_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),
    (b"MM\0+", "image/tiff"),
    (b"\xff\x0a", "image/jxl"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\xff\x4f\xff\x51\0", "image/j2c"),
    (b"8BPS\0\x01", "image/vnd.adobe.photoshop"),
    (b"8BPS\0\x02", "image/vnd.adobe.photoshop"),
)
_BMP_HEADER_SIZES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})


def sniff(head: bytes) -> str | None:
    """The media type of a file that begins with `head` (HEAD_BYTES are enough), or None: no picture known here."""
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return "image/bmp"
    if head[:4] == b"\0\0\x01\0" and len(head) > 21 and 0 < head[4] <= 64 and head[5] == head[9] == 0:
        return "image/vnd.microsoft.icon"
    if head[4:8] == b"ftyp":
        return _sniff_brands(head)
    return None


def _sniff_brands(head: bytes) -> str | None:
    """ISO base media: the major brand decides, then the compatible ones (ISO/IEC 23008-12, AV1 Image File Format)."""
    size = min(max(int.from_bytes(head[:4], "big"), 16), HEAD_BYTES, len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]
    if brands[0] in _AVIF_BRANDS:
        return "image/avif"
    if brands[0] in _HEIF_BRANDS - {b"mif1", b"msf1"}:
        return "image/heic"
    if brands[0] in _HEIF_BRANDS:
        return "image/avif" if _AVIF_BRANDS.intersection(brands) else "image/heic"
    return None


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Width and height from a WebP header (RFC 9649), before any memory is taken for them; None when there is none."""
    chunk, body = data[12:16], data[20:30]
    if len(body) < 10:
        return None
    if chunk == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    return None


def is_film(head: bytes) -> bool:
    """Whether bytes that are no picture begin as films do (ISO media, Matroska and WebM, AVI, MPEG, FLV, Ogg)."""
    if head[4:8] == b"ftyp" or head.startswith((b"\x1a\x45\xdf\xa3", b"FLV\x01", b"OggS")):
        return sniff(head) is None
    return head[:4] in (b"\0\0\x01\xba", b"\0\0\x01\xb3") or (head[:4] == b"RIFF" and head[8:12] == b"AVI ")
