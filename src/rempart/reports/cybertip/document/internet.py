"""Where an incident happened: the eight kinds."""

from __future__ import annotations

from dataclasses import dataclass

from rempart.reports.cybertip.document.people import Address, Email, IpEvent, Phone


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPage:
    """On a web page. `third_party` is true where another company hosts it."""

    urls: tuple[str, ...] = ()
    third_party: bool | None = None
    additional_info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailIncident:
    """By e-mail."""

    emails: tuple[Email, ...] = ()
    content: str | None = None
    additional_info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsgroup:
    """In a newsgroup."""

    name: str | None = None
    emails: tuple[Email, ...] = ()
    content: str | None = None
    additional_info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """In a chat or by instant messages."""

    client: str | None = None
    room: str | None = None
    content: str | None = None
    additional_info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaming:
    """In an online game."""

    game: str | None = None
    console: str | None = None
    content: str | None = None
    additional_info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPhone:
    """By a mobile telephone: calls, texts, or pictures sent by it."""

    phone: Phone | None = None
    latitude: float | None = None
    longitude: float | None = None
    additional_info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NonInternet:
    """Neither online nor by telephone."""

    place: str | None = None
    addresses: tuple[Address, ...] = ()
    additional_info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerToPeer:
    """In a network of peers."""

    client: str | None = None
    ip_events: tuple[IpEvent, ...] = ()
    file_names: str | None = None
    additional_info: str | None = None


Internet = WebPage | EmailIncident | Newsgroup | Chat | Gaming | CellPhone | NonInternet | PeerToPeer
