"""Settings of what leaves: statements of reasons, CyberTips, referrals, figures."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from rempart.reports.orders.values import RecipientClass
from rempart.reports.referrals.authorities import find as find_authority
from rempart.reports.referrals.authorities import table as authorities
from rempart.settings.section import Section

_COUNTRY = r"^([A-Z]{2})?$"
_TIPLINE = r"^(https://[a-z0-9.-]+(:[0-9]+)?|http://(127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]+)?)(/[^\s?#@]*)?$"
_PRODUCTION = "report.cybertip.org"


def _place(url: str) -> str:
    """The host of an address, and its port where it is not the usual one."""
    host, _, port = url.split("/")[2].partition(":")
    return host.rstrip(".") + (f":{port}" if port not in ("", "443") else "")


class ReasonSettings(Section):
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


class CybertipSettings(Section):
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


class TransparencySettings(Section):
    """Public figures. `published`: the page at /transparency is there; `name` is the service's, on it. `period` is how
    often the operator reports; `template` and `written` are files of the operator's own in the data folder."""

    published: bool = False
    name: str = Field("", max_length=200)
    period: Literal["year", "half-year"] = "year"
    template: str = ""
    written: str = ""


class RecipientSettings(Section):
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


class ReferralSettings(Section):
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
