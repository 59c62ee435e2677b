"""Recognising what this installation stamped: by its mark, by its credentials, or, when both are gone, by its hash.

It says that a picture is, or looks like, one that was made here. It says neither who posted it nor who made it; a mark
can be copied onto another picture, and a picture that is not recognised may have been made here all the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from rempart.intake.generator.records import generated
from rempart.intake.generator.records.generated import GeneratedRow
from rempart.intake.generator.values import GateRecord
from rempart.provenance.origin.values import Credentials
from rempart.provenance.watermark import METHOD
from rempart.signals.values import PdqHash

By = Literal["watermark", "manifest", "hash"]
RADIUS = generated.RADIUS
MOST = 50
"""As many records answer by their hash, the nearest: a generator makes many pictures that look alike."""
_MOST_MANIFESTS = 64
_BINDING = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A record that answers, and by what: each record once, `by` in the order watermark, manifest, hash. `distance` is
    that of its hash, where that is near."""

    record: int
    by: tuple[By, ...]
    distance: int | None
    at: datetime
    media_type: str
    edited: bool
    gate: GateRecord | None


@dataclass(slots=True)
class _Answer:
    row: GeneratedRow
    by: list[By] = field(default_factory=list)
    distance: int | None = None


def names_of(signed: Credentials) -> tuple[str, ...]:
    """Under which names credentials that are the picture's own may stand in the records: their manifests, and the
    numbers of our marks that are bound to them. None where they were broken: they may be another picture's."""
    if not signed.intact:
        return ()
    return (*signed.manifests, *(one.value for one in signed.soft_bindings if one.algorithm == METHOD))


def recognise(
    conn: Connection, *, record: int | None = None, pdq: PdqHash | None = None, manifests: Sequence[str] = ()
) -> tuple[Recognised, ...]:
    """The records of a picture; most ways first, then nearest. Empty where none answers.

    `record`: the number that its mark holds; `pdq`: its hash, if its quality is 50 or more; `manifests`: what
    `names_of` gives, labels of manifests (`urn:c2pa:…`) and numbers of marks (12 hexadecimal digits). All three are
    what a file says; anybody can put the first and the last into another file.
    """
    found: dict[int, _Answer] = {}

    def answers(row: GeneratedRow | None, by: By) -> _Answer | None:
        if row is None:
            return None
        one = found.setdefault(row.record, _Answer(row))
        if by not in one.by:
            one.by.append(by)
        return one

    if record is not None:
        answers(generated.find(conn, record), "watermark")
    some = tuple(manifests[:_MOST_MANIFESTS])
    for row in generated.of_manifests(conn, some):
        answers(row, "manifest")
    for value in some:
        if _BINDING.fullmatch(value):
            answers(generated.find(conn, int(value, 16)), "manifest")
    for row, distance in generated.near(conn, pdq, most=MOST) if pdq is not None else ():
        one = answers(row, "hash")
        assert one is not None
        one.distance = distance
    told = sorted(found.values(), key=lambda one: (-len(one.by), one.distance is None, one.distance, one.row.record))
    return tuple(_told(one) for one in told)


def _told(one: _Answer) -> Recognised:
    row = one.row
    gate = None if row.gate is None else GateRecord.from_document(row.gate)
    return Recognised(
        record=row.record, by=tuple(one.by), distance=one.distance, at=row.at, media_type=row.media_type,
        edited=row.edited, gate=gate,
    )  # fmt: skip
