"""The facts of a report, as they were when it was decided: account, items, what people answered.

A service may delete an item as soon as it is told to take it down, and may ask about it again with other words; what is
frozen stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from rempart.clock import iso

MOST_ITEMS = 200
"""Items in one report; of further ones it says how many there are."""
MOST_REPORTS = 50
"""Reports of one decision; items of further accounts stand in the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenItem:
    """An item of the case. `signals` are digests and the perceptual hash of the picture, by kind, as hex digits;
    `asked` is when the service first asked about it; `origin`, what its file said of where it comes from, as it is
    kept with the item."""

    number: int
    service: str
    item_id: str
    uploader: str | None = field(default=None, repr=False)
    url: str | None = field(default=None, repr=False)
    published: bool | None = None
    context: Mapping[str, Any] = field(default_factory=dict, repr=False)
    media_type: str | None = None
    size: int | None = None
    object: str | None = None
    asked: datetime
    signals: Mapping[str, str] = field(default_factory=dict, repr=False)
    origin: str | None = field(default=None, repr=False)

    def document(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {name: getattr(self, name) for name in self.__slots__} | {
            "asked": iso(self.asked), "context": dict(self.context), "signals": dict(self.signals),
        }  # fmt: skip

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> FrozenItem:
        """The item that `document` gave."""
        return cls(**{**found, "asked": datetime.fromisoformat(found["asked"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenAccount:
    """An account, as its service calls it."""

    service: str
    uploader: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenFact:
    """Something that is known of an account: a text, an address, or a linked account."""

    kind: str
    at: datetime
    text: str | None = field(default=None, repr=False)
    url: str | None = field(default=None, repr=False)
    uploader: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """All that is known for one report. `at` is when the decision took effect.

    `categories` are those that people chose, (scheme, code), the leading answer's first; `origin` is how they say that
    they know a picture was made by a machine, (basis, note); `more` is how many items are not listed.
    """

    at: datetime
    case_kind: str
    account: FrozenAccount | None
    items: tuple[FrozenItem, ...] = ()
    facts: tuple[FrozenFact, ...] = ()
    categories: tuple[tuple[str, str], ...] = ()
    image_kind: str | None = None
    origin: tuple[tuple[str, str], ...] = ()
    danger: bool = False
    single: bool = False
    more: int = 0

    @property
    def service(self) -> str | None:
        """Which service it is about."""
        if self.account is not None:
            return self.account.service
        return self.items[0].service if self.items else None

    def document(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "at": iso(self.at), "case_kind": self.case_kind,
            "account": None if self.account is None else {
                "service": self.account.service, "uploader": self.account.uploader,
            },
            "items": [one.document() for one in self.items],
            "facts": [
                {"kind": one.kind, "at": iso(one.at), "text": one.text, "url": one.url, "uploader": one.uploader}
                for one in self.facts
            ],
            "categories": [list(one) for one in self.categories], "image_kind": self.image_kind,
            "origin": [list(one) for one in self.origin], "danger": self.danger, "single": self.single,
            "more": self.more,
        }  # fmt: skip

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Frozen:
        """The facts that `document` gave."""
        account = found["account"]
        return cls(
            at=datetime.fromisoformat(found["at"]), case_kind=found["case_kind"],
            account=None if account is None else FrozenAccount(**account),
            items=tuple(map(FrozenItem.of, found["items"])),
            facts=tuple(
                FrozenFact(**{**one, "at": datetime.fromisoformat(one["at"])}) for one in found["facts"]
            ),
            categories=tuple((scheme, code) for scheme, code in found["categories"]),
            image_kind=found["image_kind"], origin=tuple((basis, note) for basis, note in found["origin"]),
            danger=found["danger"], single=found["single"], more=found["more"],
        )  # fmt: skip


def by_account(whole: Frozen) -> tuple[Frozen, ...]:
    """One part for each account of a decision, the first one first; whoever is not known is a part of its own."""
    if whole.account is not None or not whole.items:
        return (_bounded(whole),)
    groups: dict[tuple[str, str | None], list[FrozenItem]] = {}
    for one in whole.items:
        groups.setdefault((one.service, one.uploader), []).append(one)
    kept = list(groups.items())[:MOST_REPORTS]
    left = sum(map(len, groups.values())) - sum(len(own) for _, own in kept)
    parts = []
    for (service, uploader), own in kept:
        account = None if uploader is None else FrozenAccount(service=service, uploader=uploader)
        parts.append(_bounded(replace(whole, account=account, items=tuple(own))))
    parts[-1] = replace(parts[-1], more=parts[-1].more + left)
    return tuple(parts)


def _bounded(part: Frozen) -> Frozen:
    left = max(0, len(part.items) - MOST_ITEMS)
    return replace(part, items=part.items[:MOST_ITEMS], more=part.more + left)
