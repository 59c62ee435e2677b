"""The one Settings class: what an operator may set, read by doors only.

`rempart.toml` in the data folder is read first, then the environment: `REMPART_SERVER__PORT=8600` sets `port` in the
table `[server]`. A name that is not known is an error, so that a typing mistake is never a silent default.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from rempart.deadlines.regimes import regimes
from rempart.errors import SettingsError
from rempart.reports.orders.values import RecipientClass
from rempart.reports.referrals.authorities import find as find_authority
from rempart.reports.referrals.authorities import table as authorities

FILE = "rempart.toml"
_PREFIX = "REMPART_"
_COUNTRY = r"^([A-Z]{2})?$"
# Variables that steer the program itself, or an application that asks it (examples/), and are no settings.
_OTHER = frozenset(
    {"REMPART_DATA", "REMPART_CAMPAIGN", "REMPART_REQUIRE_NATIVE", "REMPART_SERVICE_KEY", "REMPART_NATIVE"}
    | {"REMPART_URL", "REMPART_KEY", "REMPART_WEBHOOK_SECRET", "REMPART_CYBERTIP_XSD"}
)
_TIPLINE = r"^(https://[a-z0-9.-]+(:[0-9]+)?|http://(127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]+)?)(/[^\s?#@]*)?$"
_PRODUCTION = "report.cybertip.org"


def _place(url: str) -> str:
    """The host of an address, and its port where it is not the usual one."""
    host, _, port = url.split("/")[2].partition(":")
    return host.rstrip(".") + (f":{port}" if port not in ("", "443") else "")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ServerSettings(_Section):
    """The HTTP server. `trusted_proxies` are networks whose X-Forwarded-For is believed; none by default."""

    host: str = "127.0.0.1"
    port: int = Field(8600, ge=0, le=65535)
    public_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    body_bytes: int = Field(32 << 20, ge=1024, le=256 << 20)
    body_seconds: float = Field(30.0, gt=0)


class StoreSettings(_Section):
    """The database (empty: rempart.db in the data folder) and the blob store (empty: blobs/ in it).

    `blob_options` go to an object store as they are: endpoint, region, keys. A request to it may take `blob_seconds`.
    """

    database: str = ""
    blobs: str = ""
    blob_options: dict[str, str] = Field(default_factory=dict)
    blob_seconds: float = Field(30.0, gt=0, le=600)


class VaultSettings(_Section):
    """Sealed evidence. `custodians` are age recipients that get a second key to everything. `kms_wrap` and `kms_unwrap`
    are commands of a key service that guards the service key. `regimes` are the retention duties that apply here."""

    custodians: tuple[str, ...] = ()
    kms_wrap: tuple[str, ...] = ()
    kms_unwrap: tuple[str, ...] = ()
    kms_seconds: float = Field(20.0, gt=0, le=300)
    regimes: tuple[str, ...] = ()


class CheckSettings(_Section):
    """How uploads are examined. `workers` 0 means one for each processor, two at least."""

    workers: int = Field(0, ge=0, le=256)
    probe_set: str = "default"
    radius: int = Field(31, ge=0, le=63)
    keep_signals: str = Field("hosted", pattern=r"^(hosted|off|[1-9][0-9]{0,3} days)$")
    fetch_origins: tuple[str, ...] = ()


class CasesSettings(_Section):
    """For how many days after the decision it stays known who was shown what of a case, what was noted about it, and
    what was said of an account."""

    keep_details_days: int = Field(365, ge=90, le=3650)


class WebhookSettings(_Section):
    """Webhooks. `private_networks` are networks of the operator's own that a webhook may lead into; none by default."""

    private_networks: tuple[str, ...] = ()

    @field_validator("private_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            ip_network(one)
        return value


class MailSettings(_Section):
    """Mail by SMTP, off while `host` is empty. `ca_file` holds the certificates to trust in place of the system's;
    `alarms` are the addresses that are told of what must not wait."""

    host: str = ""
    port: int = Field(587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: SecretStr = SecretStr("")
    sender: str = ""
    ca_file: str = ""
    alarms: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.host and "@" not in self.sender:
            raise ValueError("sender: the address that mail comes from is needed")
        if self.user and self.security == "none":
            raise ValueError("security: a password is not sent without encryption")
        return self


class PeopleSettings(_Section):
    """Sign-in, and how often others may ask. `one_person` declares that there is nobody to second anything:
    what needs two is confirmed again in another session, `alone_after_hours` later, and marked *single*."""

    idle_minutes: int = Field(30, ge=1, le=1440)
    session_hours: int = Field(12, ge=1, le=168)
    one_person: bool = False
    alone_after_hours: float = Field(12.0, ge=1, le=720)
    key_per_minute: int = Field(600_000, ge=1)
    address_per_minute: int = Field(600, ge=1)

    @property
    def alone_after(self) -> timedelta | None:
        """After how long the only person may confirm again; None where a second one is needed."""
        return timedelta(hours=self.alone_after_hours) if self.one_person else None


class NoticesSettings(_Section):
    """Notices, and the public page at /notice, which is there once `enabled` says so. `service` hosts what a notice
    names and no check has seen; `regimes` are the laws in force here. `regulator` is the
    authority that watches over the service, which letters name. `keep_days`: how long a notice stays whole after it was
    decided. `leave` is a harmless site that the link for leaving fast opens; `help_minors` and
    `help_adults` are helplines named in place of the built-in ones, as "Name https://…"."""

    enabled: bool = False
    service: str = Field("site", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    regimes: tuple[str, ...] = ()
    regulator: str = Field("", max_length=200)
    keep_days: int = Field(365, ge=184, le=3650)
    leave: str = Field("https://www.wikipedia.org/", pattern=r"^https://[^\s\"<>]+$")
    help_minors: tuple[str, ...] = ()
    help_adults: tuple[str, ...] = ()

    @field_validator("regimes")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := sorted(set(value) - regimes().keys()):
            raise ValueError(f"there is no {unknown[0]}; known are {', '.join(sorted(regimes()))}")
        return value

    @field_validator("help_minors", "help_adults")
    @classmethod
    def _named(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not re.fullmatch(r"\S.* https://\S+", one):
                raise ValueError(f"write the name, a space and the address: {one!r}")
        return value


class OidcSettings(_Section):
    """Sign-in through an identity provider (OpenID Connect); off while `issuer` is empty."""

    issuer: str = ""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    label: str = ""


class LedgerSettings(_Section):
    """Time stamps of the ledger's checkpoints by an authority of your choice (RFC 3161); off while its address is
    empty. `timestamp_certificates` are files in the data folder (PEM), one of which must have signed an answer."""

    timestamp_url: str = Field("", pattern=r"^(|https?://\S+)$")
    timestamp_hours: float = Field(24.0, ge=0.1, le=720)
    timestamp_certificates: tuple[str, ...] = ()


class ReasonSettings(_Section):
    """Statements of reasons, and the transparency database (off while `database_url` is empty). `countries` are those
    where a restriction holds; `grounds` is a file of the operator's own grounds in the data folder."""

    operator: str = Field("", max_length=200)
    complaints: str = Field("", max_length=500)
    disputes: str = Field("", max_length=500)
    courts: str = Field("", max_length=500)
    terms: str = Field("", max_length=500)
    language: Literal["en", "fr"] = "en"
    countries: tuple[str, ...] = ()
    grounds: str = ""
    wait_minutes: int = Field(0, ge=0, le=1440)
    database_url: str = Field("", pattern=r"^(|https?://[^\s?#]+)$")
    database_token: SecretStr = SecretStr("")

    @field_validator("countries")
    @classmethod
    def _countries(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if len(one) != 2 or not (one.isascii() and one.isalpha() and one.isupper()):
                raise ValueError(f"{one!r}: a country is two capital letters, as FR")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.database_url and not self.database_token.get_secret_value():
            raise ValueError("database_token: the database is asked with a token")
        return self


class CybertipSettings(_Section):
    """Reports to NCMEC's CyberTipline. `environment` is where they go: `rehearsal` (a server of Rempart's own on this
    machine), `test` or `production`, each with its own credentials. The reporter is named in every report;
    `esp_service` is the service's name. `industry_classification` declares that people here may classify files by A1 to
    B2."""

    environment: Literal["rehearsal", "test", "production"] = "rehearsal"
    test_url: str = Field("https://exttest.cybertip.org/ispws", pattern=_TIPLINE)
    test_user: str = ""
    test_password: SecretStr = SecretStr("")
    production_url: str = Field("https://report.cybertip.org/ispws", pattern=_TIPLINE)
    production_user: str = ""
    production_password: SecretStr = SecretStr("")
    reporter_first_name: str = Field("", max_length=100)
    reporter_last_name: str = Field("", max_length=100)
    reporter_email: str = Field("", pattern=r"^(|[^@\s]+@[^@\s]+)$", max_length=255)
    contact_first_name: str = Field("", max_length=100)
    contact_last_name: str = Field("", max_length=100)
    contact_email: str = Field("", pattern=r"^(|[^@\s]+@[^@\s]+)$", max_length=255)
    contact_phone: str = Field("", max_length=50)
    esp_service: str = Field("", max_length=100)
    terms: str = Field("", max_length=20_000)
    legal_url: str = Field("", pattern=r"^(|https?://\S+)$", max_length=2083)
    company_template: str = Field("", max_length=20_000)
    industry_classification: bool = False
    schema_sha256: str = Field("", pattern=r"^(|[0-9a-f]{64})$")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.environment == "rehearsal":
            return self
        for name in (f"{self.environment}_user", f"{self.environment}_password", "reporter_email"):
            value = getattr(self, name)
            if not (value.get_secret_value() if isinstance(value, SecretStr) else value):
                raise ValueError(f"{name}: it is needed in the environment {self.environment}")
        if ":" in getattr(self, f"{self.environment}_user"):
            raise ValueError(f"{self.environment}_user: a user's name has no colon")
        if _place(self.test_url) in (_place(self.production_url), _PRODUCTION):
            raise ValueError("test_url: that is where real reports go")
        return self


class TransparencySettings(_Section):
    """Public figures. `published`: the page at /transparency is there; `name` is the service's, on it. `period` is how
    often the operator reports; `template` and `written` are files of the operator's own in the data folder."""

    published: bool = False
    name: str = Field("", max_length=200)
    period: Literal["year", "half-year"] = "year"
    template: str = ""
    written: str = ""


class RecipientSettings(_Section):
    """Somebody to whom packages may be sealed. `class` decides what they may be given; `authority` is a row of the
    table of authorities, whose class it has to be."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    name: str = Field(min_length=1, max_length=200)
    kind: RecipientClass = Field(alias="class")
    country: str = Field("", pattern=_COUNTRY)
    keys: tuple[str, ...] = Field(min_length=1, max_length=20)
    authority: str = ""

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        for one in self.keys:
            if not re.fullmatch(r"age1[02-9ac-hj-np-z]{58}", one):
                raise ValueError(f"{one!r}: a key is an age recipient, which begins with age1")
        row = find_authority(self.authority) if self.authority else None
        if self.authority and row is None:
            known = ", ".join(one.id for one in authorities())
            raise ValueError(f"there is no authority {self.authority}; known are {known}")
        if row is not None and row.kind is not self.kind:
            raise ValueError(f"{self.authority} is of the class {row.kind}, not {self.kind}")
        return self


class ReferralSettings(_Section):
    """Referral packages: who speaks in them (`operator`, else that of statements of reasons), where the operator is,
    with which authorities it is registered, and to whom packages may be sealed."""

    operator: str = Field("", max_length=200)
    contact: str = Field("", max_length=300)
    country: str = Field("", pattern=_COUNTRY)
    registrations: tuple[str, ...] = ()
    recipients: tuple[RecipientSettings, ...] = ()

    @model_validator(mode="after")
    def _known(self) -> Self:
        if unknown := sorted(set(self.registrations) - {one.id for one in authorities()}):
            raise ValueError(f"registrations: there is no authority {unknown[0]}")
        if len({one.id for one in self.recipients}) != len(self.recipients):
            raise ValueError("recipients: each has an id of its own")
        return self


class Settings(_Section):
    """Everything that may be set."""

    data: Path
    server: ServerSettings = ServerSettings()
    store: StoreSettings = StoreSettings()
    vault: VaultSettings = VaultSettings()
    check: CheckSettings = CheckSettings()
    cases: CasesSettings = CasesSettings()
    ledger: LedgerSettings = LedgerSettings()
    webhooks: WebhookSettings = WebhookSettings()
    mail: MailSettings = MailSettings()
    people: PeopleSettings = PeopleSettings()
    notices: NoticesSettings = NoticesSettings()
    oidc: OidcSettings = OidcSettings()
    reasons: ReasonSettings = ReasonSettings()
    cybertip: CybertipSettings = CybertipSettings()
    transparency: TransparencySettings = TransparencySettings()
    referrals: ReferralSettings = ReferralSettings()

    @property
    def database_url(self) -> str:
        """The database's address."""
        return self.store.database or f"sqlite:///{self.data / 'rempart.db'}"

    @property
    def blobs_url(self) -> str:
        """The blob store's address."""
        return self.store.blobs or (self.data / "blobs").absolute().as_uri()


def read_settings(data: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of a data folder. Raises SettingsError naming each thing that is wrong, and where."""
    path = data / FILE
    try:
        found: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as err:
        raise SettingsError(f"There is no {path}.", hint="Make a data folder with `rempart init`.") from err
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise SettingsError(f"{path} cannot be read: {err}.") from err
    origins = _overlay(found, os.environ if environ is None else environ)
    try:
        return Settings(data=data, **found)
    except ValidationError as err:
        raise SettingsError("; ".join(_told(one, path, origins) for one in err.errors())) from err
    except TypeError as err:
        raise SettingsError(f"{path}: `data` is not set here; use --data.") from err


def _overlay(found: dict[str, Any], environ: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """Put the environment's settings into `found`, and say which came from which variable."""
    origins: dict[tuple[str, ...], str] = {}
    for name, value in environ.items():
        if not name.startswith(_PREFIX) or name in _OTHER:
            continue
        section, _, key = name[len(_PREFIX) :].lower().partition("__")
        place = found.setdefault(section, {})
        if not key or not isinstance(place, dict):
            raise SettingsError(f"{name} is no setting.", hint="Write REMPART_SECTION__KEY: REMPART_SERVER__PORT.")
        place[key] = tuple(filter(None, value.split(","))) if _is_many(section, key) else value
        origins[section, key] = name
    return origins


def _is_many(section: str, key: str) -> bool:
    field = Settings.model_fields.get(section)
    kind = field.annotation if field else None
    inner = kind.model_fields.get(key) if isinstance(kind, type) and issubclass(kind, BaseModel) else None
    return inner is not None and "tuple" in str(inner.annotation)


def _told(error: Any, path: Path, origins: Mapping[tuple[str, ...], str]) -> str:
    place = tuple(str(part) for part in error["loc"])
    name = ".".join(place)
    where = origins.get(place[:2], f"{path}")
    if error["type"] == "extra_forbidden":
        return f"{where}: there is no setting {name}"
    return f"{where}: {name}: {error['msg']}"
