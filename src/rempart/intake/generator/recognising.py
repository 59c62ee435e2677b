"""Recognising what this installation stamped: by its mark, by its credentials, or, when both are gone, by its hash.

It says that a picture is, or looks like, one that was made here. It says neither who posted it nor who made it; a mark
can be copied onto another picture, and a picture that is not recognised may have been made here all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection

from rempart.signals.values import PdqHash

RADIUS = 31
By = Literal["watermark", "hash", "manifest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A record that answers, and by what: each record once, `by` in the order watermark, manifest, hash. `distance` is
    that of its hash, where that was compared."""

    record: int
    by: tuple[By, ...]
    distance: int | None
    at: datetime
    media_type: str
    edited: bool
    gate: Any


def recognise(
    conn: Connection, *, record: int | None = None, pdq: PdqHash | None = None, manifests: Sequence[str] = ()
) -> tuple[Recognised, ...]:
    """The records of a picture; most ways first, then nearest. Empty where none answers.

    `record`: the number that its mark holds; `pdq`: its hash, if its quality is 50 or more; `manifests`: labels of its
    manifests (`urn:c2pa:…`) and values of its soft bindings (12 hexadecimal digits).
    """
    raise NotImplementedError
