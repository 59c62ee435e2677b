"""Items and matches as the rooms above the store see them, written straight into a test's database."""

from dataclasses import dataclass

from actors import NOON
from rempart.items.records import items


def host(
    conn, number: int, *, service: str = "forum", sha256: bytes | None = None, verdict: str = "hold", **more
) -> int:
    """An item that was checked; gives its internal id."""
    row = {
        "id": number, "service": service, "item_id": f"photo-{number}", "uploader": None, "url": None,
        "published": None, "context": {}, "sha256": sha256, "media_type": "image/jpeg", "size": 9,
        "verdict": verdict, "decided": None, "request": f"check_{number}", "object": None, "created": NOON,
        "checked": NOON, "gone": None,
    } | more  # fmt: skip
    items.add(conn, [row])
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A match as `lists.lookup.ListMatch` has it."""

    list: str = "police"
    list_id: str = "list_1"
    mode: str = "blocking"
    entry_id: int = 1
    ref: str = "e-1"
    signal_kind: str = "pdq"
    distance: int = 12
    probe: str = "canonical"
    scheme: str | None = "vic-us"
    code: str | None = "1"
    opinion: str = "positive"
    facet: str | None = None
