"""The one Settings class: what an operator may set, read by doors only.

`rempart.toml` in the data folder is read first, then the environment: `REMPART_SERVER__PORT=8600` sets `port` in the
table `[server]`. A name that is not known is an error, so that a typing mistake is never a silent default.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from rempart.errors import SettingsError
from rempart.settings.generating import GateSettings, PartialSettings, StampSettings
from rempart.settings.reporting import (
    CybertipSettings,
    ReasonSettings,
    RecipientSettings,
    ReferralSettings,
    TransparencySettings,
)
from rempart.settings.running import (
    CasesSettings,
    CheckSettings,
    LedgerSettings,
    MailSettings,
    NoticesSettings,
    OidcSettings,
    PeopleSettings,
    ServerSettings,
    StoreSettings,
    VaultSettings,
    WebhookSettings,
)
from rempart.settings.section import Section

__all__ = [
    "FILE",
    "CasesSettings",
    "CheckSettings",
    "CybertipSettings",
    "GateSettings",
    "LedgerSettings",
    "MailSettings",
    "NoticesSettings",
    "OidcSettings",
    "PartialSettings",
    "PeopleSettings",
    "ReasonSettings",
    "RecipientSettings",
    "ReferralSettings",
    "ServerSettings",
    "Settings",
    "StampSettings",
    "StoreSettings",
    "TransparencySettings",
    "VaultSettings",
    "WebhookSettings",
    "read_settings",
]

FILE = "rempart.toml"
_PREFIX = "REMPART_"
# Variables that steer the program itself, or an application that asks it (examples/), and are no settings.
_OTHER = frozenset(
    {"REMPART_DATA", "REMPART_CAMPAIGN", "REMPART_REQUIRE_NATIVE", "REMPART_SERVICE_KEY", "REMPART_NATIVE"}
    | {"REMPART_URL", "REMPART_KEY", "REMPART_WEBHOOK_SECRET", "REMPART_CYBERTIP_XSD"}
)


class Settings(Section):
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
    stamp: StampSettings = StampSettings()
    partial: PartialSettings = PartialSettings()
    gate: GateSettings = GateSettings()

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
