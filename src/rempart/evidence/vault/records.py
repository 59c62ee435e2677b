"""The vault's tables: what is sealed, why it is kept, who holds it, and who touched it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    and_,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)  # fmt: skip

from rempart.store.schema import BigId, UtcTime, metadata

_ALIVE = text("destroyed IS NULL")
_AT_ONCE = 500

objects = Table(
    "vault_objects",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("created", UtcTime, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("item", String(40)),
    Column("sha256", LargeBinary),
    Column("blob", String(40)),  # NULL once the blob is deleted
    Column("blob_size", BigInteger, nullable=False),
    Column("blob_sha256", LargeBinary, nullable=False),
    # The keys: all four NULL once the object is destroyed.
    Column("key_id", String(40)),
    Column("wrap", LargeBinary),
    Column("custodian_mark", String(40)),
    Column("custodian_wrap", LargeBinary),
    Column("due_seen", UtcTime),
    Column("destroyed", UtcTime),
    Index(None, "item"),
    Index("ix_vault_objects_alive", "key_id", sqlite_where=_ALIVE, postgresql_where=_ALIVE),
    Index(None, "blob"),
)
bases = Table(
    "vault_bases",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("object", String(40), ForeignKey("vault_objects.id"), nullable=False),
    Column("basis", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("keep_until", UtcTime),
    Column("ended", UtcTime),
    Index(None, "object"),
    Index(
        "ix_vault_bases_reference",
        "reference",
        "basis",
        sqlite_where=text("ended IS NULL"),
        postgresql_where=text("ended IS NULL"),
    ),
)
holds = Table(
    "vault_holds",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("object", String(40), ForeignKey("vault_objects.id"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("authority", Text, nullable=False),
    Column("placed", UtcTime, nullable=False),
    Column("placed_by", Text, nullable=False),
    Column("released", UtcTime),
    Column("released_by", Text),
    Index(None, "object"),
)
custody = Table(
    "vault_custody",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("object", String(40), ForeignKey("vault_objects.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", String(20), nullable=False),
    Column("why", Text, nullable=False),
    Column("result", Text, nullable=False),
    Index(None, "object"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedObject:
    """One row of what is sealed; `wrap` and the rest of the keys are None once it is destroyed."""

    id: str
    created: datetime
    size: int
    media_type: str
    item: str | None
    sha256: bytes | None
    blob: str | None
    blob_size: int
    blob_sha256: bytes
    key_id: str | None
    wrap: bytes | None = field(repr=False)
    custodian_mark: str | None
    custodian_wrap: bytes | None = field(repr=False)
    due_seen: datetime | None
    destroyed: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """One touch of an object: who, when, why, with what result."""

    at: datetime
    who: str
    action: str
    why: str
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A legal hold that stands or stood."""

    id: str
    object: str
    reason: str
    authority: str
    placed: datetime
    placed_by: str
    released: datetime | None
    released_by: str | None


def add_object(conn: Connection, row: Mapping[str, Any]) -> None:
    """Enter a sealed object."""
    conn.execute(insert(objects), dict(row))


def find_object(conn: Connection, object_id: str, *, lock: bool = False) -> SealedObject | None:
    """An object by its id; with `lock` nobody else changes it until the transaction ends."""
    query = select(objects).where(objects.c.id == object_id)
    row = conn.execute(query.with_for_update() if lock else query).mappings().first()
    return None if row is None else SealedObject(**row)


def alive_objects(conn: Connection) -> Iterator[SealedObject]:
    """Yield every object that is not destroyed, by id."""
    query = select(objects).where(objects.c.destroyed.is_(None)).order_by(objects.c.id)
    for row in conn.execution_options(yield_per=500).execute(query).mappings():
        yield SealedObject(**row)


def objects_after(conn: Connection, after: str, *, limit: int) -> tuple[SealedObject, ...]:
    """Objects that are not destroyed, by id, after one."""
    later = objects.c.destroyed.is_(None), objects.c.id > after
    query = select(objects).where(*later).order_by(objects.c.id).limit(limit)
    return tuple(SealedObject(**row) for row in conn.execute(query).mappings())


def of_items(conn: Connection, items: Sequence[str]) -> tuple[str, ...]:
    """The objects that hold bytes of these items (`item:…`) and are not destroyed, by id."""
    found: list[str] = []
    for start in range(0, len(items), _AT_ONCE):
        own = objects.c.item.in_(items[start : start + _AT_ONCE]), objects.c.destroyed.is_(None)
        found += conn.scalars(select(objects.c.id).where(*own)).all()
    return tuple(sorted(found))


def bases_of(conn: Connection, object_id: str, *, now: datetime) -> tuple[str, ...]:
    """Why an object is kept at a moment, each reason once, besides holds."""
    later = or_(bases.c.keep_until.is_(None), bases.c.keep_until > now)
    query = select(bases.c.basis).distinct().where(bases.c.object == object_id, bases.c.ended.is_(None), later)
    return tuple(conn.scalars(query.order_by(bases.c.basis)))


def erase_keys(conn: Connection, object_id: str, *, at: datetime) -> bool:
    """Take an object's keys away for good; False when that was done before."""
    gone = dict.fromkeys(("key_id", "wrap", "custodian_mark", "custodian_wrap", "sha256", "due_seen"))
    alive = objects.c.id == object_id, objects.c.destroyed.is_(None)
    return conn.execute(update(objects).where(*alive).values(**gone, destroyed=at)).rowcount == 1


def blob_deleted(conn: Connection, object_id: str) -> None:
    """Note that a destroyed object's blob is gone."""
    conn.execute(update(objects).where(objects.c.id == object_id, objects.c.destroyed.is_not(None)).values(blob=None))


def known_blobs(conn: Connection, names: Sequence[str]) -> frozenset[str]:
    """Which of these blobs belong to an object."""
    return frozenset(conn.scalars(select(objects.c.blob).where(objects.c.blob.in_(names))))


def log_custody(conn: Connection, object_id: str, entry: Custody) -> None:
    """Write one line of the custody log; it can never be changed."""
    values = {"at": entry.at, "who": entry.who, "action": entry.action, "why": entry.why, "result": entry.result}
    conn.execute(insert(custody), {"object": object_id, **values})


def custody_of(conn: Connection, object_id: str) -> tuple[Custody, ...]:
    """The custody log of an object, oldest first."""
    columns = custody.c.at, custody.c.who, custody.c.action, custody.c.why, custody.c.result
    rows = conn.execute(select(*columns).where(custody.c.object == object_id).order_by(custody.c.id)).mappings()
    return tuple(Custody(**row) for row in rows)


def add_basis(
    conn: Connection, object_id: str, *, basis: str, reference: str, since: datetime, keep_until: datetime | None
) -> None:
    """Enter a reason to keep an object; the same reason again gets the later end."""
    same = (
        bases.c.object == object_id,
        bases.c.basis == basis,
        bases.c.reference == reference,
        bases.c.ended.is_(None),
    )
    found = conn.execute(select(bases.c.id, bases.c.keep_until).where(*same)).first()
    if found is None:
        row = {"object": object_id, "basis": basis, "reference": reference, "since": since, "keep_until": keep_until}
        conn.execute(insert(bases), row)
    elif found.keep_until is not None and (keep_until is None or keep_until > found.keep_until):
        conn.execute(update(bases).where(bases.c.id == found.id).values(keep_until=keep_until))


def kept_for(
    conn: Connection, *, basis: str, reference: str, lacking: tuple[str, str] | None = None, most: int
) -> tuple[str, ...]:
    """Objects that a reason keeps, some of them; only those that a second reason (`lacking`) does not keep as well."""
    own = bases.c.basis == basis, bases.c.reference == reference, bases.c.ended.is_(None)
    query = select(bases.c.object).where(*own)
    if lacking is not None:
        other = bases.alias()
        same = other.c.basis == lacking[0], other.c.reference == lacking[1], other.c.ended.is_(None)
        query = query.where(~exists().where(other.c.object == bases.c.object, *same))
    return tuple(conn.scalars(query.order_by(bases.c.id).limit(most)))


def end_basis(conn: Connection, *, object_id: str | None, basis: str, reference: str, at: datetime) -> tuple[str, ...]:
    """End a reason, for one object or for all that it kept; gives the objects."""
    which = [bases.c.basis == basis, bases.c.reference == reference, bases.c.ended.is_(None)]
    if object_id is not None:
        which.append(bases.c.object == object_id)
    return tuple(conn.scalars(update(bases).where(*which).values(ended=at).returning(bases.c.object)))


def add_hold(conn: Connection, row: Mapping[str, Any]) -> None:
    """Enter a legal hold."""
    conn.execute(insert(holds), dict(row))


def find_hold(conn: Connection, hold_id: str) -> Hold | None:
    """A hold by its id."""
    row = conn.execute(select(holds).where(holds.c.id == hold_id).with_for_update()).mappings().first()
    return None if row is None else Hold(**row)


def holds_on(conn: Connection, object_id: str) -> tuple[Hold, ...]:
    """The holds that stand on an object."""
    query = select(holds).where(holds.c.object == object_id, holds.c.released.is_(None)).order_by(holds.c.placed)
    return tuple(Hold(**row) for row in conn.execute(query).mappings())


def end_hold(conn: Connection, hold_id: str, *, at: datetime, by: str) -> None:
    """Release a hold."""
    conn.execute(update(holds).where(holds.c.id == hold_id).values(released=at, released_by=by))


def _kept(now: datetime) -> Any:
    """Somebody still has a reason: a basis that has not ended, or a hold."""
    on_basis = exists().where(
        bases.c.object == objects.c.id,
        bases.c.ended.is_(None),
        or_(bases.c.keep_until.is_(None), bases.c.keep_until > now),
    )
    on_hold = exists().where(holds.c.object == objects.c.id, holds.c.released.is_(None))
    return or_(on_basis, on_hold)


def is_kept(conn: Connection, object_id: str, *, now: datetime) -> bool:
    """Whether somebody has a reason to keep an object, or a hold stands."""
    return conn.execute(select(objects.c.id).where(objects.c.id == object_id, _kept(now))).first() is not None


def marked_wrongly(conn: Connection, *, now: datetime) -> tuple[str, ...]:
    """Objects without a reason that are not marked as due, and such as are marked and have a reason again."""
    marked = objects.c.due_seen.is_not(None)
    wrong = or_(and_(marked, _kept(now)), and_(~marked, ~_kept(now)))
    return tuple(conn.scalars(select(objects.c.id).where(objects.c.destroyed.is_(None), wrong)))


def mark_due(conn: Connection, object_ids: Sequence[str], *, now: datetime) -> None:
    """Mark each of these objects as due since now when it has no reason any more, and as not due when it has one."""
    for start in range(0, len(object_ids), _AT_ONCE):
        own = objects.c.id.in_(object_ids[start : start + _AT_ONCE]), objects.c.destroyed.is_(None)
        kept = _kept(now)
        conn.execute(update(objects).where(*own, objects.c.due_seen.is_not(None), kept).values(due_seen=None))
        conn.execute(update(objects).where(*own, objects.c.due_seen.is_(None), ~kept).values(due_seen=now))


def due(conn: Connection, *, now: datetime, seen_before: datetime, limit: int) -> tuple[str, ...]:
    """Objects to destroy: nobody has a reason, and either every reason was ended by somebody, or it ran out by the
    clock and was seen to have done so a while ago."""
    ran_out = exists().where(bases.c.object == objects.c.id, bases.c.ended.is_(None))
    ripe = or_(~ran_out, objects.c.due_seen <= seen_before)
    query = select(objects.c.id).where(objects.c.destroyed.is_(None), ~_kept(now), ripe)
    return tuple(conn.scalars(query.order_by(objects.c.id).limit(limit)))


def to_rewrap(conn: Connection, *, key_id: str, mark: str, after: str, limit: int) -> tuple[SealedObject, ...]:
    """Objects whose keys are not wrapped by this service key and for these custodians, by id, after one."""
    other = or_(objects.c.key_id != key_id, objects.c.custodian_mark != mark)
    query = select(objects).where(objects.c.destroyed.is_(None), objects.c.id > after, other)
    return tuple(SealedObject(**row) for row in conn.execute(query.order_by(objects.c.id).limit(limit)).mappings())


def replace_wraps(conn: Connection, old: SealedObject, values: Mapping[str, Any]) -> bool:
    """Give an object other wraps; False when it was destroyed or rewrapped meanwhile."""
    same = objects.c.id == old.id, objects.c.destroyed.is_(None), objects.c.wrap == old.wrap
    return conn.execute(update(objects).where(*same).values(**values)).rowcount == 1


def uses_of_keys(conn: Connection) -> Mapping[str, int]:
    """How many objects each service key seals."""
    query = select(objects.c.key_id, func.count()).where(objects.c.destroyed.is_(None)).group_by(objects.c.key_id)
    return {row[0]: row[1] for row in conn.execute(query)}


def totals(conn: Connection) -> Mapping[str, int]:
    """Counts for a person who looks: objects, bytes, destroyed, held, due, blobs still to delete."""
    alive = objects.c.destroyed.is_(None)
    row = conn.execute(
        select(
            func.count().filter(alive).label("objects"),
            func.coalesce(func.sum(objects.c.size).filter(alive), 0).label("bytes"),
            func.count().filter(~alive).label("destroyed"),
            func.count().filter(alive, objects.c.due_seen.is_not(None)).label("due"),
            func.count().filter(~alive, objects.c.blob.is_not(None)).label("blobs_to_delete"),
        )
    ).one()
    held = conn.scalar(select(func.count(func.distinct(holds.c.object))).where(holds.c.released.is_(None)))
    return {name: int(value) for name, value in row._mapping.items()} | {"held": int(held or 0)}
