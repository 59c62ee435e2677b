"""What a picture file carries beside its pixels, and is to carry still when they were encoded again."""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_BYTES = 4 << 20
"""As much is kept of what a file carries; of what carries more only the orientation, which is in the pixels."""

ORIENTATION, _LONG = 0x0112, 4
_THUMBNAIL = {0x0201: "at", 0x0202: "size"}


@dataclass(slots=True, kw_only=True)
class Carried:
    """EXIF and XMP without what goes before them in a container, other parts as (name, bytes) in their order, and what
    is left out, by name."""

    exif: bytes | None = None
    xmp: bytes | None = None
    others: list[tuple[bytes, bytes]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def leave_out(self, name: str) -> None:
        """Note that something is not kept."""
        if name not in self.left_out:
            self.left_out.append(name)

    def bounded(self) -> None:
        """Keep no more than MOST_BYTES."""
        if sum(len(body) for _, body in self.others) + len(self.exif or b"") > MOST_BYTES:
            self.exif, self.others = None, []
            self.leave_out("metadata")


def tidy(carried: Carried) -> None:
    """EXIF for pixels that stand upright now, without the small picture in it, which shows them unmarked."""
    block = carried.exif
    if block is None:
        return
    try:
        carried.exif, changed = _tidied(bytearray(block))
    except (IndexError, ValueError):
        carried.exif, changed = None, ["exif"]
    for name in changed:
        carried.leave_out(name)


def _tidied(block: bytearray) -> tuple[bytes, list[str]]:
    if bytes(block[:4]) not in (b"II*\0", b"MM\0*"):
        raise ValueError("no TIFF header")
    order = "<" if block[:1] == b"I" else ">"
    start, changed = _number(block, 4, 4, order), []
    count = _number(block, start, 2, order)
    for at in _entries(start, count):
        size = 4 if _number(block, at + 2, 2, order) == _LONG else 2
        if _number(block, at, 2, order) == ORIENTATION and _number(block, at + 8, size, order) != 1:
            _put(block, at + 8, size, 1, order)
            changed.append("orientation")
    link = start + 2 + 12 * count
    if _number(block, link, 4, order):
        _erase(block, _number(block, link, 4, order), order)
        _put(block, link, 4, 0, order)
        changed.append("exif.thumbnail")
    return bytes(block), changed


def _erase(block: bytearray, start: int, order: str) -> None:
    """Zeroes where the second directory's picture was."""
    found = {}
    for at in _entries(start, _number(block, start, 2, order)):
        name = _THUMBNAIL.get(_number(block, at, 2, order))
        if name:
            found[name] = _number(block, at + 8, 4, order)
    if len(found) == 2:
        end = min(len(block), found["at"] + found["size"])
        block[found["at"] : end] = bytes(max(0, end - found["at"]))


def _entries(start: int, count: int) -> range:
    return range(start + 2, start + 2 + 12 * count, 12)


def _number(block: bytearray, at: int, size: int, order: str) -> int:
    if at + size > len(block):
        raise IndexError
    return int.from_bytes(block[at : at + size], "little" if order == "<" else "big")


def _put(block: bytearray, at: int, size: int, value: int, order: str) -> None:
    block[at : at + size] = value.to_bytes(size, "little" if order == "<" else "big")
