"""What one part of a file says, and all parts together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self, TypeVar

from rempart.provenance.origin.values import MOST_ROWS, Declaration, Ground, Unread

_T = TypeVar("_T")

MOST_FIELD = 100
"""Fields are names of makers and programs: what is longer is no such name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one part of a file says. `prompts` holds text that somebody typed, by field: it goes nowhere but to
    `prompts_of`."""

    grounds: tuple[Ground, ...] = ()
    source_types: tuple[str, ...] = ()
    generator: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    prompts: tuple[tuple[str, str], ...] = ()
    unreadable: tuple[Unread, ...] = ()

    @classmethod
    def together(cls, parts: Iterable[Said]) -> Self:
        """Everything that parts say, each thing once, in their order; of generators the first."""
        kept = tuple(parts)
        return cls(
            grounds=_once(one for part in kept for one in part.grounds),
            source_types=_once(one for part in kept for one in part.source_types),
            generator=next((part.generator for part in kept if part.generator), None),
            fields=_once(one for part in kept for one in part.fields),
            prompts=_once(one for part in kept for one in part.prompts),
            unreadable=_once(one for part in kept for one in part.unreadable),
        )


def concluded(grounds: Iterable[Ground]) -> Declaration:
    """What grounds amount to. A picture that a camera took and a generator changed is *edited*; one that a generator
    made and changed is *made*; made by a generator and taken by a camera is a contradiction."""
    said = {one.says for one in grounds if one.counts}
    if said >= {Declaration.AI_MADE, Declaration.CAMERA}:
        return Declaration.CONFLICTING
    for one in (Declaration.AI_MADE, Declaration.AI_EDITED, Declaration.CAMERA):
        if one in said:
            return one
    return Declaration.NONE


def _once(rows: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(rows))[:MOST_ROWS]
