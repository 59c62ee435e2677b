"""How a team works: its queues, where cases go, how long things take, and what needs two people. One document."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import Connection

from rempart.cases.records import work as records
from rempart.cases.work.reading import Table, Trouble
from rempart.errors import ConflictError, WorkSettingsError
from rempart.evidence.ledger import Leaf, append
from rempart.people.permissions import Role
from rempart.people.principal import Principal

DECISIONS = ("no_violation", "remove", "restrict", "add_to_list", "report", "refer", "block_account")
KINDS = ("match", "unchecked", "lookback", "notice", "account")
PriorityName = Literal["danger", "high", "normal", "low"]
PRIORITIES: Mapping[str, int] = {"danger": 0, "high": 1, "normal": 2, "low": 3}
"""How the document and the pages call a case's priority. Only a person gives `danger`."""
PRIORITY_NAMES: Mapping[int, PriorityName] = {0: "danger", 1: "high", 2: "normal", 3: "low"}
DUE_MINUTES = 1_440
MOST_CLAIM_MINUTES = 240
_MOST_DUE = 60 * 24 * 90
_NEVER_TWO = ("remove", "restrict")
_QUEUE = re.compile(r"[a-z0-9-]{1,40}")
_SCHEME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_COUNTRY = re.compile(r"[a-z]{2}")
_KEYS = (
    "queues", "routes", "claim_minutes", "undo_seconds", "two_person", "second_within_minutes", "schemes",
    "sample_percent", "budgets", "peer_contact", "reveal_seconds", "emergency",
)  # fmt: skip
_RESTORED = "restored"
_QUEUE_KEYS = ("name", "title", "roles", "persons", "due_minutes", "hidden_decisions")
_WHEN_KEYS = ("kind", "list", "scheme", "code", "service", "priority")
_THEN_KEYS = ("queue", "priority", "due_minutes")
_BUDGET_KEYS = ("reveals_per_day", "seconds_per_day", "break_after_minutes")
_CONTACT_KEYS = ("name", "reach", "when")


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue that the team has described. Empty `roles` and `persons` (pseudonyms): everyone who reads cases sees it;
    leads always do."""

    name: str
    title: str = ""
    roles: frozenset[Role] = frozenset()
    persons: frozenset[str] = frozenset()
    due_minutes: int = DUE_MINUTES
    hidden_decisions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where cases go that meet every condition; an empty condition asks nothing, names may end in `*`."""

    queue: str | None
    priority: int | None
    due_minutes: int | None
    kinds: frozenset[str] = frozenset()
    lists: tuple[str, ...] = ()
    schemes: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    services: tuple[str, ...] = ()
    priorities: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """What a person sees in a day before a break is suggested, and after how long it is."""

    reveals_per_day: int = 60
    seconds_per_day: int = 1_800
    break_after_minutes: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Somebody of the operator's own to be told in an emergency: who, how to reach them, when they can be reached."""

    name: str
    reach: str
    when: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """Which authorities' rules the emergency page shows (ISO 3166 codes and `eu`), and the operator's contacts."""

    countries: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkRules:
    """A team's settings; what is not said has these values. `document` is what they were read from. `restored`: they
    came back from a backup and are older than the last that were in force, so that nobody may rely on them."""

    queues: tuple[Queue, ...] = ()
    routes: tuple[Route, ...] = ()
    claim_minutes: int = 15
    undo_seconds: int = 30
    two_person: frozenset[str] = frozenset({"report", "add_to_list", "block_account"})
    second_within_minutes: int = 240
    schemes: tuple[str, ...] = ("uk-abc", "iccam", "ncmec-industry", "vic-us", "intimate")
    sample_percent: int = 5
    budgets: Budgets = Budgets()
    peer_contact: str = ""
    reveal_seconds: int = 20
    emergency: Emergency = Emergency()
    restored: bool = False
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def claim_time(self) -> timedelta:
        """How long a claim lasts."""
        return timedelta(minutes=self.claim_minutes)

    def queue(self, name: str) -> Queue:
        """The queue of this name; one that nobody described is open to everyone who reads cases."""
        return next((one for one in self.queues if one.name == name), Queue(name=name))


def current(conn: Connection) -> tuple[int, WorkRules]:
    """The settings in force with their version; 0 and what stands above while nobody has put any."""
    found = records.newest_settings(conn)
    if found is None:
        return 0, WorkRules()
    version, text = found
    return version, _parsed(text)


def put(conn: Connection, document: Any, *, by: Principal, at: datetime, after: int | None = None) -> int:
    """Put settings in force, in the caller's transaction; gives their version.

    `after` is the version that the writer had before them. Raises WorkSettingsError with every mistake, and
    ConflictError when somebody else put another version meanwhile.
    """
    parse(document)
    found = records.newest_settings(conn)
    before = 0 if found is None else found[0]
    stale = after is not None and after != before
    if stale or not records.add_settings(conn, version=before + 1, document=document, by=by.pseudonym, at=at):
        raise ConflictError("The team's settings were changed meanwhile.", hint="Look at them again.")
    append(conn, Leaf(action="work.changed", actor=by.pseudonym, facts={"version": before + 1}), at=at)
    return before + 1


def put_restored(conn: Connection, *, version: int, text: str | None, at: datetime) -> bool:
    """Put a later version in force again after a restore; False where it is there.

    Where its `text` is lost, the one from the backup holds in its place, and leads alone see cases until one of them
    puts settings in force.
    """
    found = records.newest_settings(conn)
    before, document = (0, {}) if found is None else (found[0], json.loads(found[1]))
    if before >= version:
        return False
    document = document | {_RESTORED: True} if text is None else json.loads(text)
    return records.add_settings(conn, version=version, document=document, by="restore", at=at)


def parse(document: Any) -> WorkRules:
    """Read a document. Raises WorkSettingsError, which names every mistake with its place."""
    trouble = Trouble()
    table = Table(document, "", trouble, known=_KEYS)
    rules = _rules(table, document if isinstance(document, dict) else {})
    if trouble.problems:
        raise WorkSettingsError(trouble.problems)
    return rules


@lru_cache(8)
def _parsed(text: str) -> WorkRules:
    document = json.loads(text)
    restored = bool(document.pop(_RESTORED, False))
    return replace(parse(document), restored=restored)


def _rules(table: Table, document: Mapping[str, Any]) -> WorkRules:
    usual = WorkRules()
    queues = tuple(_queue(one) for one in table.tables("queues", known=_QUEUE_KEYS))
    names = [one.name for one in queues]
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        table.wrong("queues", f"`{name}` stands there more than once.")
    two = frozenset(table.texts("two_person", among=DECISIONS, absent=sorted(usual.two_person)))
    if never := sorted(two & set(_NEVER_TWO)):
        table.wrong(
            "two_person", f"`{never[0]}` cannot be in it: taking something down never waits for a second person."
        )
    if lacking := sorted(usual.two_person - two):
        table.wrong("two_person", f"`{lacking[0]}` cannot be left out of it: nobody does so alone.")
    schemes = table.texts("schemes", absent=usual.schemes)
    for one in schemes:
        if not _SCHEME.fullmatch(one):
            table.wrong("schemes", f"{one!r} is no name of a scheme.")
    if not schemes:
        table.wrong("schemes", "at least one is needed.")
    return WorkRules(
        queues=queues, routes=tuple(_route(one) for one in table.tables("routes", known=("when", "then"))),
        claim_minutes=table.integer("claim_minutes", usual.claim_minutes, 1, MOST_CLAIM_MINUTES),
        undo_seconds=table.integer("undo_seconds", usual.undo_seconds, 0, 120), two_person=two,
        second_within_minutes=table.integer("second_within_minutes", usual.second_within_minutes, 15, 10_080),
        schemes=schemes, sample_percent=table.integer("sample_percent", usual.sample_percent, 0, 100),
        budgets=_budgets(table.table("budgets", known=_BUDGET_KEYS)),
        peer_contact=table.text("peer_contact", most=2_000, lines=True),
        reveal_seconds=table.integer("reveal_seconds", usual.reveal_seconds, 5, 120),
        emergency=_emergency(table.table("emergency", known=("countries", "contacts"))), document=document,
    )  # fmt: skip


def _queue(table: Table) -> Queue:
    return Queue(
        name=table.named("name", _QUEUE.fullmatch, "a name of a-z, 0-9 and -, at most 40 long,"),
        title=table.text("title", most=80),
        roles=frozenset(map(Role, table.texts("roles", among=(Role.REVIEWER, Role.LEAD)))),
        persons=frozenset(table.texts("persons")),
        due_minutes=table.integer("due_minutes", DUE_MINUTES, 1, _MOST_DUE),
        hidden_decisions=frozenset(table.texts("hidden_decisions", among=DECISIONS)),
    )


def _route(table: Table) -> Route:
    when, then = table.table("when", known=_WHEN_KEYS), table.table("then", known=_THEN_KEYS)
    asked = ("normal", "high", "low")
    priority = then.named("priority", asked.__contains__, "high, normal or low") if "priority" in then else ""
    queue = then.named("queue", _QUEUE.fullmatch, "the name of a queue") if "queue" in then else ""
    if not ("queue" in then or "priority" in then or "due_minutes" in then):
        table.wrong("then", "a queue, a priority or due_minutes is needed.")
    return Route(
        queue=queue or None, priority=PRIORITIES[priority] if priority else None,
        due_minutes=then.optional_integer("due_minutes", 1, _MOST_DUE),
        kinds=frozenset(when.texts("kind", among=KINDS)), lists=when.texts("list"),
        schemes=frozenset(when.texts("scheme")), codes=frozenset(when.texts("code")), services=when.texts("service"),
        priorities=frozenset(PRIORITIES[one] for one in when.texts("priority", among=asked)),
    )  # fmt: skip


def _budgets(table: Table) -> Budgets:
    usual = Budgets()
    return Budgets(
        reveals_per_day=table.integer("reveals_per_day", usual.reveals_per_day, 1, 10_000),
        seconds_per_day=table.integer("seconds_per_day", usual.seconds_per_day, 10, 86_400),
        break_after_minutes=table.integer("break_after_minutes", usual.break_after_minutes, 5, 480),
    )


def _emergency(table: Table) -> Emergency:
    countries = table.texts("countries")
    for one in countries:
        if not _COUNTRY.fullmatch(one):
            table.wrong("countries", f"{one!r} is no country: two small letters, as in gb, or eu.")
    contacts = tuple(
        Contact(
            name=one.named("name", _short, "a name"), reach=one.named("reach", _short, "how to reach them"),
            when=one.text("when"),
        )
        for one in table.tables("contacts", known=_CONTACT_KEYS, most=50)
    )  # fmt: skip
    return Emergency(countries=countries, contacts=contacts)


def _short(text: str) -> bool:
    return 0 < len(text.strip()) <= 200 and text.isprintable()
