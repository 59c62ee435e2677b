"""Items by the address at which their service says that they are."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from rempart.items.records.items import Item, item_of, items


def addresses(url: str) -> tuple[str, ...]:
    """How an address may be written: its host in small letters, with https or http."""
    _, _, rest = url.partition("://")
    end = min((place for place in map(rest.find, "/?#") if place >= 0), default=len(rest))
    rest = rest[:end].lower() + rest[end:]
    return tuple(dict.fromkeys((url, f"https://{rest}", f"http://{rest}")))


def hosted_at(conn: Connection, urls: Iterable[str], *, most: int, gone: bool = False) -> tuple[Item, ...]:
    """The items that services said are at one of these addresses and that are still there; with `gone` also those that
    their service has deleted while something needs them."""
    query = select(items).where(items.c.url.in_(sorted(set(urls))))
    if not gone:
        query = query.where(items.c.gone.is_(None))
    return tuple(item_of(row) for row in conn.execute(query.order_by(items.c.id).limit(most)))
