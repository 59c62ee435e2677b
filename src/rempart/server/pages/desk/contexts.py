"""What the pages of the desk show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from rempart.cases.assessing.schemes import Choice, Schemes
from rempart.cases.assessing.values import Decision, ImageKind, OriginBasis, Standing
from rempart.cases.records.cases import Case
from rempart.cases.records.showing import Alike, History, ItemRow
from rempart.cases.records.work import Fact
from rempart.cases.work.emergency import Guidance
from rempart.cases.work.queue import QueueCount, QueueRow
from rempart.cases.work.settings import Contact
from rempart.server.pages.contexts import Context
from rempart.server.pages.desk.drafts import Draft
from rempart.server.pages.origins.contexts import OriginLine
from rempart.server.pages.sight.panel import Panel
from rempart.server.pages.together import Became

STYLES = ("desk.css",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """An answer of one's own that has not taken effect yet; `left` are seconds."""

    case_id: str
    outcome: str
    until: datetime
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """Somebody a case may be handed to; `name` only for those who may know names."""

    id: str
    pseudonym: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePage(Context):
    """The open cases that somebody may see, a page of them. `queue`, `look`, `held` and `start` are what was asked for;
    `queues`, those that a lead may move cases to, with titles; `became`, what was done with several at once;
    `restored`: the team's settings are those of a backup."""

    template: ClassVar[str] = "desk/queue"
    styles: ClassVar[tuple[str, ...]] = STYLES
    modules: ClassVar[tuple[str, ...]] = ("clocks.js",)
    wide: ClassVar[bool] = True
    rows: tuple[QueueRow, ...]
    counts: tuple[QueueCount, ...]
    oldest: datetime | None
    next: str
    queue: str
    look: str
    held: bool
    start: str
    may_assess: bool
    may_lead: bool
    may_open: bool
    mine: int
    undo: Undo | None
    restored: bool
    colleagues: tuple[Colleague, ...]
    queues: tuple[tuple[str, str], ...]
    became: tuple[Became, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who has a case now. `state` is free, mine, other, or none where nobody may claim it; `left` are seconds."""

    state: str
    by: str = ""
    until: datetime | None = None
    left: int = 0
    token: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearRow:
    """An item that looks alike, to be confirmed or not. `state` is one's own answer (confirmed, rejected), or proposed,
    or apart: judged in a case of its own, which is `case_id` while it is open. `same` and `different` count answers."""

    item: int
    service: str
    item_id: str
    distance: int
    probe: str
    state: str
    verdict: str
    case_id: str = ""
    same: int = 0
    different: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event of a case: a key of the texts (empty for one without words: then `raw`), by whom, and what may be
    read of it."""

    at: datetime
    by: str
    action: str
    raw: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    text: str = ""
    withheld: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerForm:
    """What may be answered. `hidden` are decisions that this queue does not offer, `two` need another person."""

    draft: Draft
    schemes: tuple[Choice, ...]
    first: str
    kinds: tuple[ImageKind, ...]
    origins: tuple[OriginBasis, ...]
    mains: tuple[Decision, ...]
    more: tuple[Decision, ...]
    two: frozenset[Decision]
    lists: tuple[tuple[str, str], ...]
    accounts: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage(Context):
    """One case: facts first, and no picture until somebody asks. Of matches, near ones and events it shows some at a
    time: `matches_before`, `near_before` and `later` are how many of each stand before or after those."""

    template: ClassVar[str] = "desk/case"
    styles: ClassVar[tuple[str, ...]] = (*STYLES, "sight.css")
    modules: ClassVar[tuple[str, ...]] = ("clocks.js", "drafts.js", "sight.js")
    wide: ClassVar[bool] = True
    case: Case
    queue_title: str
    overdue: bool
    holder: Holder
    standing: Standing
    form: AnswerForm | None
    matches: tuple[Alike, ...]
    matches_in_all: int
    matches_before: int
    schemes: Schemes
    items: tuple[ItemRow, ...]
    items_in_all: int
    uploaders: tuple[History, ...]
    facts: tuple[Fact, ...]
    fact_kinds: tuple[str, ...]
    near: tuple[NearRow, ...]
    near_in_all: int
    near_before: int
    near_open: bool
    happenings: tuple[Happening, ...]
    earlier: int
    later: int
    colleagues: tuple[Colleague, ...]
    assigned_to: str
    may_lead: bool
    undo: Undo | None
    sight: Panel | None
    opened: datetime
    notices: tuple[tuple[str, str], ...] = ()
    orders: tuple[tuple[str, str], ...] = ()
    reports: tuple[tuple[str, str, str], ...] = ()
    referrals: tuple[tuple[str, str], ...] = ()
    origin: OriginLine | None = None
    may_refer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsPage(Context):
    """The items of a case (or, with `uploader`, of one uploader), a page of them."""

    template: ClassVar[str] = "desk/items"
    styles: ClassVar[tuple[str, ...]] = STYLES
    wide: ClassVar[bool] = True
    case_id: str
    rows: tuple[ItemRow, ...]
    in_all: int
    next: int | None
    service: str = ""
    uploader: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DangerPage(Context):
    """Somebody may be in danger now: what to do, whom to call, and putting the case on top."""

    template: ClassVar[str] = "desk/danger"
    styles: ClassVar[tuple[str, ...]] = STYLES
    case_id: str
    danger: bool
    guidance: Guidance
    contacts: tuple[Contact, ...]
    may: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCasePage(Context):
    """A case about an account, from what was published, listed or reported."""

    template: ClassVar[str] = "desk/new"
    styles: ClassVar[tuple[str, ...]] = STYLES
    kinds: tuple[str, ...]
    typed: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkPage(Context):
    """How the team works. `problems` are what is wrong in a form that was sent; `restored`: as for the queue."""

    template: ClassVar[str] = "desk/work"
    styles: ClassVar[tuple[str, ...]] = STYLES
    version: int
    typed: Mapping[str, Any]
    may_manage: bool
    decisions: tuple[str, ...]
    two: tuple[str, ...]
    schemes: tuple[str, ...]
    countries: tuple[str, ...]
    problems: tuple[str, ...] = ()
    restored: bool = False
