"""What the proxy and the hook ask of whoever keeps the gate, apart from how it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rempart.errors import RefusedError


class PictureRefusedError(RefusedError):
    """This picture cannot be used here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """A reference that may be used. `check` is the service's name for having looked at it."""

    check: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An output that may be given out, as it is to be given out: checked, stamped and recorded."""

    data: bytes
    media_type: str
    record: str | None = None


class Keeper(Protocol):
    """Looks at pictures before and after generation.

    Both raise PictureRefusedError, the same whatever the reason; and UnavailableError, ServerAnswerError or
    RequestRefusedError when the gate could not be asked: then nothing may be used or given out.
    """

    async def reference(self, data: bytes, *, user: str | None) -> Cleared:
        """May this picture be used as a reference by this end user?"""

    async def output(
        self, data: bytes, *, user: str | None, references: Sequence[Cleared], edited: bool
    ) -> Made:  # fmt: skip
        """May this picture be given out? It was made from these references; `edited`: it is an edit of the first."""
