"""Settings of what runs: server, store, vault, checks, cases, people, notices, mail, ledger."""

from __future__ import annotations

import re
from datetime import timedelta
from ipaddress import ip_network
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from rempart.deadlines.regimes import regimes
from rempart.settings.section import Section


class ServerSettings(Section):
    """The HTTP server. `trusted_proxies` are networks whose X-Forwarded-For is believed; none by default."""

    host: str = "127.0.0.1"
    port: int = Field(8600, ge=0, le=65535)
    public_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    body_bytes: int = Field(32 << 20, ge=1024, le=256 << 20)
    body_seconds: float = Field(30.0, gt=0)


class StoreSettings(Section):
    """The database (empty: rempart.db in the data folder) and the blob store (empty: blobs/ in it).

    `blob_options` go to an object store as they are: endpoint, region, keys. A request to it may take `blob_seconds`.
    """

    database: str = ""
    blobs: str = ""
    blob_options: dict[str, str] = Field(default_factory=dict)
    blob_seconds: float = Field(30.0, gt=0, le=600)


class VaultSettings(Section):
    """Sealed evidence. `custodians` are age recipients that get a second key to everything. `kms_wrap` and `kms_unwrap`
    are commands of a key service that guards the service key. `regimes` are the retention duties that apply here."""

    custodians: tuple[str, ...] = ()
    kms_wrap: tuple[str, ...] = ()
    kms_unwrap: tuple[str, ...] = ()
    kms_seconds: float = Field(20.0, gt=0, le=300)
    regimes: tuple[str, ...] = ()


class CheckSettings(Section):
    """How uploads are examined. `workers` 0 means one for each processor, two at least."""

    workers: int = Field(0, ge=0, le=256)
    probe_set: str = "default"
    radius: int = Field(31, ge=0, le=63)
    keep_signals: str = Field("hosted", pattern=r"^(hosted|off|[1-9][0-9]{0,3} days)$")
    fetch_origins: tuple[str, ...] = ()


class CasesSettings(Section):
    """For how many days after the decision it stays known who was shown what of a case, what was noted about it, and
    what was said of an account."""

    keep_details_days: int = Field(365, ge=90, le=3650)


class WebhookSettings(Section):
    """Webhooks. `private_networks` are networks of the operator's own that a webhook may lead into; none by default."""

    private_networks: tuple[str, ...] = ()

    @field_validator("private_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            ip_network(one)
        return value


class MailSettings(Section):
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


class PeopleSettings(Section):
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


class NoticesSettings(Section):
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


class OidcSettings(Section):
    """Sign-in through an identity provider (OpenID Connect); off while `issuer` is empty."""

    issuer: str = ""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    label: str = ""


class LedgerSettings(Section):
    """Time stamps of the ledger's checkpoints by an authority of your choice (RFC 3161); off while its address is
    empty. `timestamp_certificates` are files in the data folder (PEM), one of which must have signed an answer."""

    timestamp_url: str = Field("", pattern=r"^(|https?://\S+)$")
    timestamp_hours: float = Field(24.0, ge=0.1, le=720)
    timestamp_certificates: tuple[str, ...] = ()
