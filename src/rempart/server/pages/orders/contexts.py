"""What the pages about orders and disclosures show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from rempart.deadlines.orders import OrderRegime, order_regimes
from rempart.reports.orders.disclosures import Disclosure
from rempart.reports.orders.reading import ClockView, OrderFile, OrderLine
from rempart.reports.orders.values import OrderKind, OrderState, Outcome, RecipientClass, Topic, What
from rempart.server.pages.contexts import Context

STYLES = ("desk.css", "notices.css", "orders.css")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersPage(Context):
    """The register, a page of it; `state` is live, closed or all."""

    template: ClassVar[str] = "orders/register"
    styles: ClassVar[tuple[str, ...]] = STYLES
    wide: ClassVar[bool] = True
    lines: tuple[OrderLine, ...]
    next: str
    state: str
    may_keep: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrderPage(Context):
    """The form of a new order; `typed` is one that came back, `chosen` the laws that were ticked in it."""

    template: ClassVar[str] = "orders/new"
    styles: ClassVar[tuple[str, ...]] = STYLES
    typed: Mapping[str, str]
    chosen: Sequence[str] = ()
    zones: tuple[str, ...]
    service: str

    @property
    def kinds(self) -> tuple[OrderKind, ...]:
        """What may be asked for."""
        return tuple(OrderKind)

    @property
    def topics(self) -> tuple[Topic, ...]:
        """What an order may be about."""
        return tuple(Topic)

    @property
    def classes(self) -> tuple[RecipientClass, ...]:
        """What an authority may be."""
        return tuple(one for one in RecipientClass if one is not RecipientClass.HOTLINE)

    @property
    def laws(self) -> tuple[OrderRegime, ...]:
        """The laws that an order may be given under."""
        return tuple(one for one in order_regimes().values() if one.id != "own")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPage(Context):
    """One order. `typed` is a form that came back, `step` which one."""

    template: ClassVar[str] = "orders/order"
    styles: ClassVar[tuple[str, ...]] = STYLES
    wide: ClassVar[bool] = True
    file: OrderFile
    now: datetime
    may_keep: bool
    may_cases: bool
    may_destroy: bool
    zones: tuple[str, ...]
    typed: Mapping[str, str]

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """How it may end."""
        return tuple(Outcome)

    @property
    def whats(self) -> tuple[What, ...]:
        """What may be handed over by other ways than a package."""
        return tuple(one for one in What if one is not What.CONTENT)

    @property
    def open(self) -> bool:
        """Whether anything may still be done with it."""
        return self.file.order.state != OrderState.CLOSED

    @property
    def handing(self) -> bool:
        """Whether it asks for something to be handed over."""
        return self.file.order.kind in (OrderKind.WARRANT, OrderKind.INFORMATION)

    @property
    def standing(self) -> int:
        """How many objects are under a hold that this order placed."""
        return sum(1 for one in self.file.objects if one.state == "held")

    @property
    def running(self) -> tuple[ClockView, ...]:
        """Times that run."""
        return tuple(one for one in self.file.clocks if one.row.met is None)

    def law(self, regime: str, lang: str) -> str:
        """What a law is called; empty for the time that the order itself names."""
        found = order_regimes().get(regime)
        return "" if found is None else found.title(lang)


@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosuresPage(Context):
    """The log of what was handed over, a page of it."""

    template: ClassVar[str] = "orders/disclosures"
    styles: ClassVar[tuple[str, ...]] = STYLES
    wide: ClassVar[bool] = True
    rows: tuple[Disclosure, ...]
    next: str
