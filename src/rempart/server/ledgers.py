"""The ledger of a data folder: its key, its memory of what was signed, its work, as the settings say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from rempart.errors import SettingsError
from rempart.evidence.ledger import upkeep
from rempart.evidence.ledger.keyfile import FILE, open_signer
from rempart.evidence.ledger.sequencer import LastSigned, Sequencer
from rempart.evidence.ledger.timestamp import stamp_when_due
from rempart.server.timestamp import Authority
from rempart.settings import Settings
from rempart.store.engine import Store
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

_TRY_SECONDS = 300.0  # an authority that did not answer is asked again so soon


def key_path(settings: Settings) -> Path:
    """Where the signing key is."""
    return settings.data / "keys" / FILE


def open_sequencer(settings: Settings, store: Store) -> Sequencer:
    """The sequencer of a data folder. Raises IncompleteError when its key is not there."""
    return Sequencer(
        store,
        signer=open_signer(key_path(settings)),
        last_signed=LastSigned(settings.data / "ledger" / "checkpoint"),
    )


def periodics(settings: Settings, store: Store) -> Sequence[Periodic]:
    """What the ledger does by itself: sequence and sign, and have checkpoints stamped where an authority is set."""
    works = upkeep.periodics(open_sequencer(settings, store))
    given = settings.ledger
    if not given.timestamp_url:
        return works
    authority = Authority(given.timestamp_url)
    try:
        certificates = [(settings.data / name).read_bytes() for name in given.timestamp_certificates]
    except OSError as err:
        raise SettingsError(f"ledger.timestamp_certificates: {err.filename} cannot be read: {err.strerror}.") from err

    every = timedelta(hours=given.timestamp_hours)

    def stamp(_: Worker) -> None:
        stamp_when_due(store, authority, every=every, authorities=certificates)

    return (*works, Periodic(name="ledger.timestamp", seconds=_TRY_SECONDS, run=stamp))
