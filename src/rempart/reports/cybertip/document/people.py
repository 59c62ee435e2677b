"""Persons and accounts in a report, and how each was reached or seen.

Every field that a person may still have to fill in may be None; `checking` says what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from rempart.reports.cybertip.document.vocabulary import AccountType, AddressType, EmailType, EventName, PhoneType


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """An e-mail address."""

    value: str
    type: EmailType | None = None
    verified: bool | None = None
    verified_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A telephone number. `calling_code` is "+" and one to three digits."""

    value: str
    type: PhoneType | None = None
    verified: bool | None = None
    verified_at: datetime | None = None
    calling_code: str | None = None
    extension: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address. `state` is a state of the United States by its two letters, `country` a code of two."""

    type: AddressType | None = None
    address: str | None = None
    city: str | None = None
    zip_code: str | None = None
    state: str | None = None
    other_state: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPerson:
    """Somebody who can be asked: of the reporting company, or an officer."""

    first_name: str | None = None
    last_name: str | None = None
    phones: tuple[Phone, ...] = ()
    emails: tuple[Email, ...] = ()
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person as a service knows them."""

    first_name: str | None = None
    last_name: str | None = None
    phones: tuple[Phone, ...] = ()
    emails: tuple[Email, ...] = ()
    addresses: tuple[Address, ...] = ()
    age: int | None = None
    age_discrepancy: bool | None = None
    born: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IpEvent:
    """An address of the network, and when it was seen."""

    address: str
    event: EventName | None = None
    at: datetime | None = None
    possible_proxy: bool | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device, by what identifies it: `type` says of what kind `value` is."""

    type: str
    value: str
    event: EventName | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedLocation:
    """Where a service takes somebody to be."""

    city: str | None = None
    region: str | None = None
    country: str | None = None
    verified: bool | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporarilyDisabled:
    """Whether an account was disabled for a time."""

    value: bool = True
    disabled_at: datetime | None = None
    user_notified: bool | None = None
    notified_at: datetime | None = None
    enabled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PermanentlyDisabled:
    """Whether an account was disabled for good."""

    value: bool = True
    disabled_at: datetime | None = None
    user_notified: bool | None = None
    notified_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Where another account is."""

    name: str
    third_party: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociatedAccount:
    """Another account that hangs together with this one."""

    type: AccountType
    platform: Platform | None = None
    first_name: str | None = None
    middle_name: str | None = None
    last_name: str | None = None
    age: int | None = None
    age_discrepancy: bool | None = None
    born: date | None = None
    phones: tuple[Phone, ...] = ()
    emails: tuple[Email, ...] = ()
    all_emails_reported: bool | None = None
    addresses: tuple[Address, ...] = ()
    esp_service: str | None = None
    esp_identifier: str | None = None
    profile_urls: tuple[str, ...] = ()
    screen_name: str | None = None
    display_names: tuple[str, ...] = ()
    profile_bio: str | None = None
    group: str | None = None
    compromised: bool | None = None
    temporarily_disabled: TemporarilyDisabled | None = None
    permanently_disabled: PermanentlyDisabled | None = None
    ip_events: tuple[IpEvent, ...] = ()
    devices: tuple[Device, ...] = ()
    prior_reports: tuple[int, ...] = ()
    additional_info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is said of everybody in an incident: whoever is reported, was meant to receive, or is a victim."""

    person: Person | None = None
    esp_identifier: str | None = None
    esp_service: str | None = None
    compromised: bool | None = None
    screen_name: str | None = None
    display_names: tuple[str, ...] = ()
    profile_urls: tuple[str, ...] = ()
    profile_bio: str | None = None
    ip_events: tuple[IpEvent, ...] = ()
    devices: tuple[Device, ...] = ()
    prior_reports: tuple[int, ...] = ()
    temporarily_disabled: TemporarilyDisabled | None = None
    permanently_disabled: PermanentlyDisabled | None = None
    location: EstimatedLocation | None = None
    all_emails_reported: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonReported(Account):
    """Whoever is reported."""

    vehicle: str | None = None
    third_party: bool | None = None
    group: str | None = None
    associated: tuple[AssociatedAccount, ...] = ()
    additional_info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient(Account):
    """Somebody whom it was meant for."""

    group: str | None = None
    additional_info: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Victim(Account):
    """A child it was done to. `person` is needed, and may be empty where nothing is known."""

    school: str | None = None
    associated: tuple[AssociatedAccount, ...] = ()
    additional_info: str | None = None
