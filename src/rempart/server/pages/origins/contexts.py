"""What the pages about origins show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from rempart.provenance.origin.values import Origin
from rempart.server.pages.contexts import Context
from rempart.server.pages.sight.panel import Pane, Panel


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginLine:
    """The origin of a case's picture in one line: of which item, what it declares, how its credentials stand (empty
    without any), what its generator calls itself, and by what it was recognised as stamped here."""

    item: int
    declaration: str
    state: str = ""
    generator: str = ""
    recognised: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A record of a stamped picture that answers: its number, by what, when it was stamped."""

    record: str
    by: tuple[str, ...]
    at: datetime | None
    edited: bool

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Known:
        """As a job wrote it down."""
        at = datetime.fromisoformat(row["at"]) if row.get("at") else None
        return cls(record=str(row["record"]), by=tuple(row["by"]), at=at, edited=bool(row.get("edited")))


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginPage(Context):
    """All that the file of an item says of where it comes from. `origin` is None where nobody looked; `mark` is how the
    reading of our own mark ended: found, none, small, unread, soon while a job has still to read it, or
    never."""

    template: ClassVar[str] = "origins/origin"
    styles: ClassVar[tuple[str, ...]] = ("sight.css",)
    case_id: str
    item: int
    name: str
    service: str
    origin: Origin | None
    mark: str
    record: str
    known: tuple[Known, ...]
    may_look: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparePage(Context):
    """Whether a picture of a case shares pixels with another one in it or beside it. `others` are those it may be
    compared with; `result` the figures, once they were asked for; `over`: what was asked for has ended, or one of the
    two could not be read."""

    template: ClassVar[str] = "origins/compare"
    styles: ClassVar[tuple[str, ...]] = ("sight.css", "origins.css")
    panel: Panel
    pane: Pane
    others: tuple[Pane, ...]
    result: Mapping[str, Any] | None = None
    other: Pane | None = None
    over: bool = False
    command: str = "rempart derive SUSPECT SOURCE --report comparison.pdf"

    @property
    def band(self) -> Mapping[str, Any] | None:
        """The row of the calibration in which a finding stands."""
        return self.result["band"] if self.result else None
