"""What the pages about reports show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from rempart.reports.cybertip.drafting.facts import Frozen
from rempart.reports.cybertip.drafting.meter import Meter
from rempart.reports.cybertip.drafting.seconding import Alone
from rempart.reports.cybertip.filing.values import Why
from rempart.reports.cybertip.production import Switch, Target
from rempart.reports.cybertip.records.calls import CallRow
from rempart.reports.cybertip.records.filings import Run
from rempart.reports.cybertip.records.receipts import Receipt
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.records.stops import Stop
from rempart.reports.cybertip.records.visibility import ReviewRow
from rempart.reports.cybertip.values import Environment
from rempart.reports.cybertip.visibility import Show
from rempart.server.pages.contexts import Context
from rempart.server.pages.reports.forms import Node
from rempart.server.pages.reports.preview import Sheet
from rempart.server.pages.reports.sections import Step

STYLES = ("desk.css", "reports.css")


_REASONS = frozenset(one.value for one in Why)


def because(why: str) -> tuple[str, str]:
    """The key of the words of a reason that filing wrote down, with its value; no key for one in words of its own."""
    reason, _, value = why.partition(":")
    return (f"reports.because.{reason}", value) if reason in _REASONS else ("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where reports go now: the environment that is set, and how the switch to production stands."""

    environment: Environment
    switch: Switch

    @property
    def key(self) -> str:
        """Which words say it."""
        if self.environment is not Environment.PRODUCTION:
            return self.environment.value
        return "production" if self.switch.on else "production_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxPage(Context):
    """Reports, a page of them, the youngest first. `counts` are of those that wait for somebody."""

    template: ClassVar[str] = "reports/outbox"
    styles: ClassVar[tuple[str, ...]] = STYLES
    wide: ClassVar[bool] = True
    because: ClassVar[Callable[[str], tuple[str, str]]] = staticmethod(because)
    where: Where
    show: Show
    rows: tuple[ReportRow, ...]
    reviews: Mapping[str, ReviewRow]
    counts: Mapping[Show, int]
    next: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchPage(Context):
    """The switch to production; `why` is a form that came back. `may`: this person leads."""

    template: ClassVar[str] = "reports/switch"
    styles: ClassVar[tuple[str, ...]] = STYLES
    where: Where
    target: Target
    may: bool
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongLine:
    """Something that keeps a report from being asked: on which step and at which place of it, the key of the field's
    label, and the sentence in English, with what to do."""

    step: str
    anchor: str
    label: str
    said: str
    what_next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Somebody was shown all of a file, or what it holds of metadata."""

    by: str
    at: datetime
    metadata: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLine:
    """A file of a report: its number, what it is of, how large, the looks at all of it, and how far it has come."""

    number: int
    name: str
    size: int | None
    looks: tuple[Look, ...]
    state: str
    remote: str
    why: str

    @property
    def viewed(self) -> bool:
        """Whether somebody saw all of it."""
        return any(not one.metadata for one in self.looks)

    @property
    def exif_viewed(self) -> bool:
        """Whether somebody saw its metadata too."""
        return self.viewed and any(one.metadata for one in self.looks)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """One opening of the report at the service, with every call of it."""

    run: Run
    calls: tuple[CallRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppliedLine:
    """What a service supplied later, as it gave it."""

    at: datetime
    by: str
    told: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What people's answers suggest for a field: its anchor and label, the key of the words of the value (or none), and
    why, with what people chose. Nothing is filled in by it."""

    anchor: str
    label: str
    word: str
    because: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage(Context):
    """One report, whole. `may` are the steps that this person may take now; `digest` is that of the document as it was
    asked; `where_of` says for each measure of the meter on which step
    it is filled in; `typed` is a form that came back."""

    template: ClassVar[str] = "reports/report"
    styles: ClassVar[tuple[str, ...]] = STYLES
    wide: ClassVar[bool] = True
    because: ClassVar[Callable[[str], tuple[str, str]]] = staticmethod(because)
    row: ReportRow
    where: Where
    now: datetime
    names: Mapping[str, str]
    frozen: Frozen | None
    steps: tuple[Step, ...]
    wrong: tuple[WrongLine, ...]
    meter: Meter | None
    where_of: Mapping[str, str]
    unread: tuple[str, ...]
    hash_only: bool
    supplied: tuple[SuppliedLine, ...]
    files: tuple[FileLine, ...]
    same: tuple[ReportRow, ...]
    runs: tuple[RunLine, ...]
    receipts: tuple[Receipt, ...]
    stop: Stop | None
    review: ReviewRow | None
    alone: Alone | None
    digest: str
    may: frozenset[str]
    founds: tuple[str, ...]
    typed: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPage(Context):
    """One step of filling a report in. `file` is the file that it is about, with what is known of it having been
    made by a machine (`evidence`: keys of words with what was found); `offers` is what people's answers suggest."""

    template: ClassVar[str] = "reports/step"
    styles: ClassVar[tuple[str, ...]] = STYLES
    wide: ClassVar[bool] = True
    row: ReportRow
    step: Step
    steps: tuple[Step, ...]
    nodes: tuple[Node, ...]
    beside: tuple[str, ...]
    file: FileLine | None
    evidence: tuple[tuple[str, str], ...]
    offers: tuple[Offer, ...]
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewPage(Context):
    """Exactly what will be sent, or was. `standing` is draft, asked, settled or filed."""

    template: ClassVar[str] = "reports/preview"
    styles: ClassVar[tuple[str, ...]] = STYLES
    row: ReportRow
    where: Where
    standing: str
    digest: str
    sheets: tuple[Sheet, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptPage(Context):
    """What the service answered when a report was finished, to the byte."""

    template: ClassVar[str] = "reports/receipt"
    styles: ClassVar[tuple[str, ...]] = STYLES
    row: ReportRow
    receipt: Receipt
    text: str
