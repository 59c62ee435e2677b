"""The last step of a restore: the newest ledger is brought in, and what it tells is repeated."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from rempart.cases.records.recalling import Known, known
from rempart.cli.datafolder import DataFolder, opened_data
from rempart.clock import utc_now
from rempart.errors import RefusedError
from rempart.evidence.backup.records import pending_restore
from rempart.evidence.backup.replaying import Step, finish, later_steps
from rempart.evidence.ledger.catchup import catch_up
from rempart.evidence.ledger.export import export
from rempart.evidence.ledger.keyfile import open_signer
from rempart.evidence.ledger.notes import VerifierKey
from rempart.evidence.ledger.records import keys as ledger_keys
from rempart.evidence.ledger.sequencer import Sequencer
from rempart.people.principal import CONSOLE
from rempart.server.replays import replays


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """Where the newest ledger is: an export, an old data folder, or nowhere, for a reason."""

    export: Path | None
    keys: tuple[str, ...]
    old: Path | None
    none_because: str

    @property
    def given(self) -> bool:
        """Whether anything was said."""
        return self.export is not None or self.old is not None or bool(self.none_because)


def finish_restore_of(data: DataFolder, newest: Newest) -> Mapping[str, int]:
    """Bring the newest ledger into a restored folder and repeat its later steps; gives how often each was repeated.

    Raises RefusedError when no restore is pending or the ledger is not newer, and what is wrong with the ledger.
    """
    with data.store.read() as conn:
        begun = pending_restore(conn)
        trusted = [VerifierKey.parse(line) for line in conn.scalars(select(ledger_keys.c.line))]
    if begun is None:
        raise RefusedError("No restore is pending in this data folder.")
    if newest.export is None and newest.old is None:
        again = replays(data.vault(), clock=utc_now)
        return finish(data.store, (), again, by=CONSOLE, without_ledger=newest.none_because)
    with _export_of(newest, data.settings.data) as (path, keys, remembered):
        again = replays(data.vault(), clock=utc_now, known=remembered)
        catch_up(data.store, path, keys=[*trusted, *keys])
        steps: Iterator[Step] = later_steps(path, after=begun.ledger_size)
        return finish(data.store, steps, again, by=CONSOLE, without_ledger=newest.none_because)


@contextmanager
def _export_of(newest: Newest, folder: Path) -> Iterator[tuple[Path, list[VerifierKey], Known | None]]:
    """The newest ledger as an export file; that of an old folder is written for the length of the block, and what that
    folder knows besides is taken along."""
    told = [VerifierKey.parse(line) for line in newest.keys]
    if newest.export is not None:
        yield newest.export, told, None
        return
    assert newest.old is not None
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".ledger-", mode="wb") as file:
        with opened_data(newest.old, while_pending=True) as old:
            signer = open_signer(newest.old / "keys" / "ledger.key")
            Sequencer(old.store, signer=signer).checkpoint()
            export(old.store, file)
            with old.store.read() as conn:
                remembered = known(conn)
        file.flush()
        os.fsync(file.fileno())
        yield Path(file.name), [*told, signer.key], remembered
