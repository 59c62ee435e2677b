"""The data folder that a command works on: its settings, its database, its keys."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from rempart.clock import utc_now
from rempart.evidence.backup.restoring import refuse_while_pending
from rempart.evidence.vault import Keyring, Vault
from rempart.server.vaults import open_keyring, open_vault
from rempart.settings import Settings, read_settings
from rempart.store.engine import Store
from rempart.store.migrate import upgrade

DEFAULT = Path("rempart-data")
VARIABLE = "REMPART_DATA"


def data_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--data DIR`, passed on as `data: Path`."""
    return click.option(
        "--data",
        metavar="DIR",
        type=click.Path(path_type=Path, file_okay=False),
        envvar=VARIABLE,
        default=DEFAULT,
        show_default=True,
        help="The data folder; also from $REMPART_DATA.",
    )(command)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFolder:
    """An open data folder."""

    settings: Settings
    store: Store
    keyring: Keyring

    def vault(self) -> Vault:
        """Its vault."""
        return open_vault(self.settings, self.store, keyring=self.keyring, clock=utc_now)


@contextmanager
def opened_data(data: Path, *, while_pending: bool = False) -> Iterator[DataFolder]:
    """Open a data folder, its database brought to this version's schema; it may be in use by a server.

    Raises SettingsError, UnavailableError, and RestorePendingError unless `while_pending`.
    """
    settings = read_settings(data)
    with Store.open(settings.database_url) as store:
        upgrade(store)
        if not while_pending:
            with store.read() as conn:
                refuse_while_pending(conn)
        yield DataFolder(settings=settings, store=store, keyring=open_keyring(settings, os.environ))
