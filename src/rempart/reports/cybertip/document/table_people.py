"""The rule table of persons and accounts. Lengths are those of the service's documentation."""

from __future__ import annotations

from rempart.reports.cybertip.document.people import (
    Address,
    AssociatedAccount,
    ContactPerson,
    Device,
    Email,
    EstimatedLocation,
    IpEvent,
    PermanentlyDisabled,
    Person,
    PersonReported,
    Phone,
    Platform,
    Recipient,
    TemporarilyDisabled,
    Victim,
)
from rempart.reports.cybertip.document.places import COUNTRIES, STATES
from rempart.reports.cybertip.document.shapes import EVERY, Attribute, Child, Shape, Variant
from rempart.reports.cybertip.document.values import Kind, Value
from rempart.reports.cybertip.document.vocabulary import AccountType, AddressType, EmailType, EventName, PhoneType

TEXT = Value()
FLAG = Value(kind=Kind.FLAG)
PAST = Value(kind=Kind.TIME, past=True)
TIME = Value(kind=Kind.TIME)
BORN = Value(kind=Kind.DATE, past=True)
AGE = Value(kind=Kind.WHOLE, least=0, greatest=150)
NUMBER = Value(kind=Kind.WHOLE, least=1, greatest=2**63 - 1)
URL = Value(kind=Kind.URL, most=2083)
COUNTRY = Value(among=COUNTRIES)
EVENT = Value(among=tuple(EventName))


def short(most: int) -> Value:
    """Text of so many characters at most."""
    return Value(most=most)


_VERIFIED = (
    Attribute(name="verified", field="verified", value=FLAG),
    Attribute(name="verificationDate", field="verified_at", value=PAST),
)
EMAIL = Shape(
    record=Email, text=short(255),
    attributes=(Attribute(name="type", field="type", value=Value(among=tuple(EmailType))), *_VERIFIED),
)  # fmt: skip
PHONE = Shape(
    record=Phone, text=short(50),
    attributes=(
        Attribute(name="type", field="type", value=Value(among=tuple(PhoneType))),
        *_VERIFIED,
        Attribute(name="countryCallingCode", field="calling_code", value=Value(pattern=r"\+[0-9]{1,3}")),
        Attribute(name="extension", field="extension", value=Value(pattern=r"[0-9]{1,10}")),
    ),
)  # fmt: skip
ADDRESS = Shape(
    record=Address,
    attributes=(Attribute(name="type", field="type", value=Value(among=tuple(AddressType))),),
    children=(
        Child(name="address", field="address", of=short(255)),
        Child(name="city", field="city", of=short(100)),
        Child(name="zipCode", field="zip_code", of=short(20)),
        Child(name="state", field="state", of=Value(among=STATES)),
        Child(name="nonUsaState", field="other_state", of=short(100)),
        Child(name="country", field="country", of=COUNTRY),
    ),
)
_REACHED = (
    Child(name="phone", field="phones", of=PHONE, most=EVERY),
    Child(name="email", field="emails", of=EMAIL, most=EVERY),
    Child(name="address", field="addresses", of=ADDRESS, most=EVERY),
)
_CONTACT = (
    Child(name="firstName", field="first_name", of=short(100)),
    Child(name="lastName", field="last_name", of=short(100)),
    *_REACHED,
)
_DISCREPANCY = Child(
    name="ageAssertionDiscrepancy", field="age_discrepancy", of=FLAG, when=Variant.AGE_DISCREPANCY
)  # fmt: skip
_BORN = Child(name="dateOfBirth", field="born", of=BORN)
CONTACT_PERSON = Shape(record=ContactPerson, children=_CONTACT)
PERSON = Shape(record=Person, children=(*_CONTACT, Child(name="age", field="age", of=AGE), _DISCREPANCY, _BORN))

IP_EVENT = Shape(
    record=IpEvent,
    children=(
        Child(name="ipAddress", field="address", of=Value(kind=Kind.ADDRESS), least=1),
        Child(name="eventName", field="event", of=EVENT),
        Child(name="dateTime", field="at", of=PAST),
        Child(name="possibleProxy", field="possible_proxy", of=FLAG),
        Child(name="port", field="port", of=Value(kind=Kind.WHOLE, least=1, greatest=65535)),
    ),
)
DEVICE = Shape(
    record=Device,
    children=(
        Child(name="idType", field="type", of=short(255), least=1),
        Child(name="idValue", field="value", of=short(2083), least=1),
        Child(name="eventName", field="event", of=EVENT),
        Child(name="dateTime", field="at", of=PAST),
    ),
)
LOCATION = Shape(
    record=EstimatedLocation,
    attributes=(
        Attribute(name="verified", field="verified", value=FLAG),
        Attribute(name="timestamp", field="at", value=PAST),
    ),
    children=(
        Child(name="city", field="city", of=short(255)),
        Child(name="region", field="region", of=short(255)),
        Child(name="countryCode", field="country", of=COUNTRY),
    ),
)
_DISABLED = (
    Attribute(name="disabledDate", field="disabled_at", value=PAST),
    Attribute(name="userNotified", field="user_notified", value=FLAG),
    Attribute(name="userNotifiedDate", field="notified_at", value=PAST),
)
TEMPORARILY = Child(
    name="accountTemporarilyDisabled", field="temporarily_disabled", when=Variant.TEMPORARILY_DISABLED,
    of=Shape(
        record=TemporarilyDisabled, text=FLAG,
        attributes=(*_DISABLED, Attribute(name="reenabledDate", field="enabled_at", value=TIME)),
    ),
)  # fmt: skip
PERMANENTLY = Child(
    name="accountPermanentlyDisabled", field="permanently_disabled", when=Variant.PERMANENTLY_DISABLED,
    of=Shape(record=PermanentlyDisabled, text=FLAG, attributes=_DISABLED),
)  # fmt: skip


def several(name: str, field: str, of: Shape | Value) -> Child:
    """As many as there are."""
    return Child(name=name, field=field, of=of, most=EVERY)


IP_EVENTS = several("ipCaptureEvent", "ip_events", IP_EVENT)
DEVICES = several("deviceId", "devices", DEVICE)
_BIO = Child(name="profileBio", field="profile_bio", of=TEXT)
_SCREEN_NAME = Child(name="screenName", field="screen_name", of=short(256))
_DISPLAY_NAMES = several("displayName", "display_names", TEXT)
_PROFILES = several("profileUrl", "profile_urls", URL)
_COMPROMISED = Child(name="compromisedAccount", field="compromised", of=FLAG)
_ALL_EMAILS = Child(name="allEmailsReported", field="all_emails_reported", of=FLAG)
_GROUP = Child(name="groupIdentifier", field="group", of=short(255))
INFO = Child(name="additionalInfo", field="additional_info", of=TEXT)

ASSOCIATED = Shape(
    record=AssociatedAccount,
    attributes=(
        Attribute(name="type", field="type", value=Value(among=tuple(AccountType)), needed=True,
                  when=Variant.ASSOCIATED_TYPE, otherwise=Variant.ASSOCIATED_ACCOUNT_TYPE),
        Attribute(name="accountType", field="type", value=Value(among=tuple(AccountType)), needed=True,
                  when=Variant.ASSOCIATED_ACCOUNT_TYPE, otherwise=Variant.ASSOCIATED_TYPE),
        Attribute(name="thirdPartyUser", field="platform.third_party", value=FLAG,
                  when=Variant.ASSOCIATED_THIRD_PARTY, otherwise=Variant.PLATFORM_THIRD_PARTY),
    ),
    children=(
        Child(name="platform", field="platform", of=Shape(
            record=Platform, text=short(256), field="name",
            attributes=(Attribute(name="thirdPartyUser", field="third_party", value=FLAG,
                                  when=Variant.PLATFORM_THIRD_PARTY, otherwise=Variant.ASSOCIATED_THIRD_PARTY),),
        )),
        Child(name="firstName", field="first_name", of=short(256)),
        Child(name="middleName", field="middle_name", of=short(256)),
        Child(name="lastName", field="last_name", of=short(256)),
        Child(name="approximateAge", field="age", of=AGE),
        _DISCREPANCY, _BORN, _REACHED[0], _REACHED[1], _ALL_EMAILS, _REACHED[2],
        Child(name="espService", field="esp_service", of=short(256)),
        Child(name="espIdentifier", field="esp_identifier", of=short(256)),
        _PROFILES, _SCREEN_NAME, _DISPLAY_NAMES, _BIO,
        Child(name="groupIdentifier", field="group", of=short(256)),
        _COMPROMISED, TEMPORARILY, PERMANENTLY, IP_EVENTS, DEVICES,
        several("priorCTReport", "prior_reports", NUMBER),
        INFO,
    ),
)  # fmt: skip

_KNOWN = (
    Child(name="espIdentifier", field="esp_identifier", of=short(255)),
    Child(name="espService", field="esp_service", of=short(100)),
    _COMPROMISED, _SCREEN_NAME, _DISPLAY_NAMES, _PROFILES, _BIO, IP_EVENTS, DEVICES,
)  # fmt: skip
_PRIOR = several("priorCTReports", "prior_reports", NUMBER)
_WHERE = (
    TEMPORARILY, PERMANENTLY,
    Child(name="estimatedLocation", field="location", of=LOCATION),
    _ALL_EMAILS,
)  # fmt: skip
_ASSOCIATED = several("associatedAccount", "associated", ASSOCIATED)

PERSON_REPORTED = Shape(
    record=PersonReported,
    children=(
        Child(name="personOrUserReportedPerson", field="person", of=PERSON),
        Child(name="vehicleDescription", field="vehicle", of=short(300)),
        *_KNOWN,
        Child(name="thirdPartyUserReported", field="third_party", of=FLAG),
        _PRIOR, _GROUP, *_WHERE, _ASSOCIATED, INFO,
    ),
)  # fmt: skip
RECIPIENT = Shape(
    record=Recipient,
    children=(
        Child(name="intendedRecipientPerson", field="person", of=PERSON),
        *_KNOWN, _PRIOR, _GROUP, *_WHERE,
        several("additionalInfo", "additional_info", TEXT),
    ),
)  # fmt: skip
VICTIM = Shape(
    record=Victim,
    children=(
        Child(name="victimPerson", field="person", of=PERSON, least=1),
        *_KNOWN,
        Child(name="schoolName", field="school", of=short(255)),
        _PRIOR, *_WHERE, _ASSOCIATED, INFO,
    ),
)  # fmt: skip
