"""The vault of a deployment, put together from its settings; for the server and for commands."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from rempart.cases.webhooks import rewrap_secrets
from rempart.cases.work.notifier import rewrap_notifiers
from rempart.clock import Clock
from rempart.errors import SettingsError
from rempart.evidence.vault import Custodians, HeldKeys, KeyFile, Keyring, Vault
from rempart.evidence.vault.kms import KeyCommand
from rempart.evidence.vault.retention import regimes
from rempart.evidence.vault.rotation import Also
from rempart.intake.notices.sealing import rewrap_notices
from rempart.lists.parts.sealing import rewrap_parts
from rempart.people.rewrapping import rewrap_seeds
from rempart.reports.cybertip.filing.sealing import rewrap_answers
from rempart.reports.cybertip.sealing import rewrap_reports
from rempart.reports.orders.sealing import rewrap_orders
from rempart.reports.referrals.sealing import rewrap_referrals
from rempart.settings import Settings
from rempart.store.blobs import Blobs, open_blobs
from rempart.store.engine import Store

KEY_VARIABLE = "REMPART_SERVICE_KEY"
WRAPPED_ELSEWHERE: tuple[Also, ...] = (
    rewrap_secrets,
    rewrap_seeds,
    rewrap_notifiers,
    rewrap_notices,
    rewrap_reports,
    rewrap_answers,
    rewrap_orders,
    rewrap_referrals,
    rewrap_parts,
)
"""What other rooms keep under the service key and wrap again when it is rotated."""


def key_file(settings: Settings) -> Path:
    """Where the service keys are when they are in a file."""
    return settings.data / "keys" / "service.key"


def open_keyring(settings: Settings, environ: Mapping[str, str] | None = None) -> Keyring:
    """The service keys: from the environment when they stand there, else from the data folder."""
    text = (os.environ if environ is None else environ).get(KEY_VARIABLE)
    if text is not None:
        return HeldKeys(text, command=key_command(settings))
    return KeyFile(key_file(settings), command=key_command(settings))


def key_command(settings: Settings) -> KeyCommand | None:
    """The key service's commands, if there is one. Raises SettingsError when only one of them is set."""
    told = settings.vault
    if not told.kms_wrap and not told.kms_unwrap:
        return None
    if not told.kms_wrap or not told.kms_unwrap:
        raise SettingsError("vault.kms_wrap and vault.kms_unwrap go together.", hint="Set both, or neither.")
    return KeyCommand(wrap_argv=told.kms_wrap, unwrap_argv=told.kms_unwrap, timeout=told.kms_seconds)


def blobs_of(settings: Settings) -> Blobs:
    """Where sealed bytes lie."""
    told = settings.store
    return open_blobs(settings.blobs_url, options=told.blob_options, timeout=told.blob_seconds)


def open_vault(settings: Settings, store: Store, *, keyring: Keyring, clock: Clock) -> Vault:
    """The vault. Raises SettingsError for a regime that is not known, RefusedError for what is no custodian."""
    unknown = [name for name in settings.vault.regimes if name not in regimes()]
    if unknown:
        raise SettingsError(f"vault.regimes: {unknown[0]} is not known.", hint="Known: " + ", ".join(regimes()))
    custodians = Custodians.of(settings.vault.custodians)
    return Vault(store, blobs_of(settings), keyring, clock, custodians=custodians, duties=settings.vault.regimes)
