"""What the pages of webhooks, of the policy and of the ledger show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from rempart.cases.quality.precision import Precision
from rempart.cases.records.webhooks import Endpoint, Message
from rempart.evidence.ledger.lookup import KeptLeaf
from rempart.evidence.ledger.status import Status
from rempart.policy.records import PolicyRow
from rempart.server.pages.contexts import Context
from rempart.server.pages.running.asking import Typed
from rempart.server.pages.running.contexts_lists import STYLES
from rempart.server.trying import Tried


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRow:
    """An endpoint with how many of its messages stand how."""

    endpoint: Endpoint
    waiting: int
    delivered: int
    given_up: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhooksPage(Context):
    """All endpoints. `secret` is that of one just made, shown this once."""

    template: ClassVar[str] = "running/webhooks"
    styles: ClassVar[tuple[str, ...]] = STYLES
    rows: tuple[HookRow, ...]
    sought: str
    services: tuple[str, ...]
    secret: str = ""
    typed: Typed = field(default_factory=Typed)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """A message with its attempts: when, what came of it, and how long it took."""

    message: Message
    attempts: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookPage(Context):
    """One endpoint and its messages, the youngest first. `following`: more can be replayed, after this number."""

    template: ClassVar[str] = "running/webhook"
    styles: ClassVar[tuple[str, ...]] = STYLES
    row: HookRow
    messages: tuple[MessageRow, ...]
    next: str
    secret: str = ""
    replayed: int | None = None
    following: int | None = None
    typed: Typed = field(default_factory=Typed)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPage(Context):
    """The policy in force, what waits, and what was before. `precision` is None for who may not read statistics."""

    template: ClassVar[str] = "running/policy"
    styles: ClassVar[tuple[str, ...]] = STYLES
    row: PolicyRow | None
    lines: tuple[str, ...]
    others: tuple[PolicyRow, ...]
    precision: tuple[Precision, ...] | None
    may_propose: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionPage(Context):
    """A proposal or version: what differs from `against` (a version's number, 0 for none), and what it would change."""

    template: ClassVar[str] = "running/policy_version"
    styles: ClassVar[tuple[str, ...]] = STYLES
    row: PolicyRow
    lines: tuple[str, ...]
    against: int
    difference: tuple[str, ...]
    tried: Tried | None
    days: int
    may_decide: bool
    may_propose: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposePage(Context):
    """A policy that is written. `problems` are line and what is wrong; `difference` is from the one in force."""

    template: ClassVar[str] = "running/policy_new"
    styles: ClassVar[tuple[str, ...]] = STYLES
    text: str
    problems: tuple[tuple[int, str, str], ...] = ()
    difference: tuple[str, ...] = ()
    tried: Tried | None = None
    days: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPage(Context):
    """How the ledger stands. `stamps` are the size of a checkpoint and when an authority stamped it."""

    template: ClassVar[str] = "running/ledger"
    styles: ClassVar[tuple[str, ...]] = STYLES
    status: Status
    note: str
    keys: tuple[str, ...]
    stamps: tuple[tuple[int, datetime], ...]
    stamped: bool
    may_export: bool
    all_of_it: bool
    outcome: str = ""
    told: str = ""
    verified: int = 0
    since: int | None = None
    typed: Typed = field(default_factory=Typed)


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutPage(Context):
    """The leaves about one subject, the youngest first."""

    template: ClassVar[str] = "running/ledger_about"
    styles: ClassVar[tuple[str, ...]] = STYLES
    subject: str
    rows: tuple[KeptLeaf, ...]
    next: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafPage(Context):
    """One leaf as it was hashed, and what opens its time and subject."""

    template: ClassVar[str] = "running/ledger_leaf"
    styles: ClassVar[tuple[str, ...]] = STYLES
    leaf: int
    size: int
    body: Mapping[str, Any]
    facts: tuple[tuple[str, str], ...]
    sealed: tuple[str, ...]
    subject: str
    at: datetime
    hash: str
    typed: Typed = field(default_factory=Typed)
