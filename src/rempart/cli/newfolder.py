"""A data folder that is there whole or not at all."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from rempart.clock import utc_now
from rempart.errors import DISK_FULL, RefusedError, StorageFullError
from rempart.evidence.ledger.keyfile import create_signer
from rempart.evidence.vault import KeyFile
from rempart.server.vaults import key_command, key_file
from rempart.settings import FILE, read_settings
from rempart.store.engine import Store
from rempart.store.migrate import upgrade

_SETTINGS = """\
# Settings of Rempart. What stands here as a comment is the default; docs/settings.md has all of them. Each can
# also be set in the environment:
# REMPART_SERVER__PORT=8600 sets port in the table [server].

[server]
# host = "127.0.0.1"
# port = 8600
{public_url}
# trusted_proxies = []          # networks whose X-Forwarded-For is believed, as in ["10.0.0.0/8"]
# body_bytes = 33554432         # the longest upload

[store]
{database}
{blobs}

[vault]
# custodians = []               # age1… recipients that get a second key to everything sealed; keep theirs offline
# kms_wrap = []                 # commands of a key service that guards keys/service.key, as ["kms", "encrypt"]
# kms_unwrap = []
# regimes = []                  # retention duties that apply here, as ["us-2258a"]; docs/vault.md lists them

[check]
# workers = 0                   # decode processes; 0: one for each processor
# keep_signals = "hosted"       # or "off", or a number of days, as "30 days"

[notices]
# enabled = false               # the public page at /notice, where people have pictures of themselves taken down
# regimes = []                  # laws in force beside your own 48 hours: "us-tida", "uk-osa", "eu-dsa", "fr-lcen"

# [cybertip]
# environment = "rehearsal"     # reports to NCMEC: rehearsed here until this says "test" or "production"

[mail]
# host = ""                     # the SMTP server; empty: no mail is sent
# alarms = []                   # addresses that are told of what must not wait
"""


def settings_text(*, database: str = "", blobs: str = "", public_url: str = "") -> str:
    """The commented settings of a new folder."""
    return _SETTINGS.format(
        public_url=_line("public_url", public_url, "https://checks.example.org", "the address that people use"),
        database=_line("database", database, "postgresql://…", "a Postgres instead of rempart.db"),
        blobs=_line("blobs", blobs, "s3://bucket/prefix", "an object store instead of blobs/"),
    )


class NewFolder:
    """Makes a data folder beside its place and then moves it there in one step.

    What an interrupted run left beside is removed by the next one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._beside = folder.absolute().parent

    def make(
        self,
        settings: str,
        *,
        filled: Callable[[Path], None],
        ledger_name: str | None,
        keys: Path | None = None,
        own_service_key: bool = False,
    ) -> None:
        """Make it: subfolders, settings, and keys: copies of those in the folder `keys`, new ones where it has none.

        With `own_service_key` the operator has it elsewhere; without a `ledger_name` (empty: a random one) no ledger
        key is made. `filled` does the rest, in the folder that is not yet in
        its place. Raises RefusedError when there is something at the place already, StorageFullError.
        """
        if self._folder.is_symlink() or (self._folder.exists() and any(self._folder.iterdir())):
            raise RefusedError(f"{self._folder} is not empty.", hint="Name a folder that is not there yet.")
        try:
            self._beside.mkdir(parents=True, exist_ok=True)
            self._sweep()
            place = self._beside / f".{self._folder.name}.new-{secrets.token_hex(6)}"
            place.mkdir(mode=0o700)
            held = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(held, fcntl.LOCK_EX)
                for name in ("keys", "blobs", "index", "ledger"):
                    (place / name).mkdir(mode=0o700)
                write_private(place / FILE, settings)
                _put_keys(place, keys, ledger_name=ledger_name, own_service_key=own_service_key)
                filled(place)
                self._move(place)
            except BaseException:
                shutil.rmtree(place, ignore_errors=True)
                raise
            finally:
                os.close(held)
        except OSError as err:
            if err.errno in DISK_FULL:
                raise StorageFullError(f"{self._folder} could not be made: the disk is full.") from err
            raise RefusedError(f"{self._folder} could not be made: {err.strerror}.") from err

    def _move(self, place: Path) -> None:
        for folder in (place / "keys", place):
            sync_folder(folder)
        try:
            place.rename(self._folder)  # an empty folder gives way; one with something in it does not
        except OSError as err:
            raise RefusedError(
                f"{self._folder} could not be put in its place: {err.strerror}.",
                hint="It may not be a mount point or in use: name a folder inside it.",
            ) from err
        sync_folder(self._beside)

    def _sweep(self) -> None:
        for left in self._beside.glob(f".{self._folder.name}.new-*"):
            held = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
            except BlockingIOError:
                continue  # another run is at it
            finally:
                os.close(held)


def make_database(place: Path) -> None:
    """An empty database with all tables, in a new folder or where its settings say."""
    read = read_settings(place, os.environ)
    if not read.store.database:
        (place / "rempart.db").touch(mode=0o600)
    with Store.open(read.database_url, clock=utc_now) as store:
        upgrade(store)


def _put_keys(place: Path, keys: Path | None, *, ledger_name: str | None, own_service_key: bool) -> None:
    read = read_settings(place, os.environ)
    given = {path.name: path.read_bytes() for path in sorted(keys.iterdir()) if path.is_file()} if keys else {}
    for name, data in given.items():
        write_private(place / "keys" / name, data)
    if "ledger.key" not in given and ledger_name is not None:
        create_signer(place / "keys" / "ledger.key", name=ledger_name or f"rempart-{secrets.token_hex(6)}/ledger")
    if "service.key" not in given and not own_service_key:
        KeyFile(key_file(read), command=key_command(read)).create()


def write_private(path: Path, text: str | bytes) -> None:
    """Write a file that only its owner may read, and flush it to the disk."""
    data = text.encode() if isinstance(text, str) else text
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(fd)


def sync_folder(folder: Path) -> None:
    """Flush a folder's names to the disk."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _line(name: str, value: str, example: str, comment: str) -> str:
    if value:
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'{name} = "{quoted}"'
    return f'# {name} = ""{" " * max(1, 26 - len(name) - 7)}# {comment}, as "{example}"'
