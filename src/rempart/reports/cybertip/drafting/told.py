"""What a service says of an account and an upload with the check itself: `account.…` and `upload.…` in the context.

Values are those that a context may hold: texts, whole numbers, true or false. What cannot be read is left out of the
report, and its key is shown to whoever completes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from ipaddress import ip_address
from typing import Any

from rempart.reports.cybertip.document.records import Device, Email, EventName, IpEvent, Person, PersonReported, Phone

_ACCOUNT, _UPLOAD = "account.", "upload."


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was read: of the account, and of the upload of one item. `unread` are keys that could not be."""

    person: PersonReported | None = None
    file_name: str | None = field(default=None, repr=False)
    uploaded: datetime | None = None
    ip_event: IpEvent | None = None
    device: Device | None = None
    unread: tuple[str, ...] = ()


def told_of(context: Mapping[str, Any]) -> Told:
    """Read an item's context. Nothing is guessed: what is not there stays out."""
    given = {name: value for name, value in context.items() if name.startswith((_ACCOUNT, _UPLOAD))}
    read: dict[str, Any] = {}
    unread = []
    for name, value in sorted(given.items()):
        reader = KEYS.get(name)
        try:
            if reader is None:
                raise ValueError
            read[name] = reader(value)
        except (ValueError, TypeError):
            unread.append(name)
    return Told(
        person=_person(read), file_name=read.get("upload.file_name"), uploaded=read.get("upload.at"),
        ip_event=_event(read, "upload.ip", "upload.at", EventName.UPLOAD, port=read.get("upload.port")),
        device=_device(read), unread=tuple(unread),
    )  # fmt: skip


def _person(read: Mapping[str, Any]) -> PersonReported | None:
    if not any(name.startswith(_ACCOUNT) for name in read):
        return None
    events = (
        _event(read, "account.registration_ip", "account.registered_at", EventName.REGISTRATION),
        _event(read, "account.login_ip", "account.login_at", EventName.LOGIN),
    )
    email, phone = read.get("account.email"), read.get("account.phone")
    known = Person(
        first_name=read.get("account.first_name"), last_name=read.get("account.last_name"),
        emails=(Email(value=email, verified=read.get("account.email_verified")),) if email else (),
        phones=(Phone(value=phone),) if phone else (), born=read.get("account.born"),
    )  # fmt: skip
    return PersonReported(
        person=None if known == Person() else known, screen_name=read.get("account.screen_name"),
        display_names=_one(read.get("account.display_name")), profile_urls=_one(read.get("account.profile_url")),
        ip_events=tuple(one for one in events if one is not None),
    )  # fmt: skip


def _event(read: Mapping[str, Any], ip: str, at: str, event: EventName, *, port: int | None = None) -> IpEvent | None:
    return None if ip not in read else IpEvent(address=read[ip], event=event, at=read.get(at), port=port)


def _device(read: Mapping[str, Any]) -> Device | None:
    if "upload.device_type" not in read or "upload.device_id" not in read:
        return None
    return Device(
        type=read["upload.device_type"], value=read["upload.device_id"], event=EventName.UPLOAD,
        at=read.get("upload.at"),
    )  # fmt: skip


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value.strip()


def _moment(value: object) -> datetime:
    found = datetime.fromisoformat(_text(value))
    if found.tzinfo is None:
        raise ValueError
    return found


def _address(value: object) -> str:
    return str(ip_address(_text(value)))


def _port(value: object) -> int:
    if type(value) is not int or not 0 < value < 65_536:
        raise ValueError
    return value


def _flag(value: object) -> bool:
    if type(value) is not bool:
        raise ValueError
    return value


def _day(value: object) -> date:
    return date.fromisoformat(_text(value))


KEYS: Mapping[str, Callable[[object], Any]] = {
    "account.screen_name": _text,
    "account.display_name": _text,
    "account.profile_url": _text,
    "account.email": _text,
    "account.email_verified": _flag,
    "account.phone": _text,
    "account.first_name": _text,
    "account.last_name": _text,
    "account.born": _day,
    "account.registered_at": _moment,
    "account.registration_ip": _address,
    "account.login_at": _moment,
    "account.login_ip": _address,
    "upload.at": _moment,
    "upload.ip": _address,
    "upload.port": _port,
    "upload.file_name": _text,
    "upload.device_type": _text,
    "upload.device_id": _text,
}
"""Every key that is read, and how."""
