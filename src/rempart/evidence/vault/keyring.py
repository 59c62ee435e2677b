"""Service keys: what wraps the objects' keys, and therefore what decides who can open the vault.

A keyring is text, one key a line, the newest first; `#` begins a comment. A key is 32 random bytes in base64, as it is
or wrapped by a key service (`kms:` before it). A key's id is taken from the key itself, so that it has the same id
wherever it stands. The first key seals what is new; the others only open what is old.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from rempart.errors import DISK_FULL, IncompleteError, RefusedError, ServiceKeyMissingError, StorageFullError
from rempart.evidence.vault.envelope import KEY_BYTES
from rempart.evidence.vault.kms import KeyCommand

_HEAD = """\
# Service keys of Rempart, the newest first. Whoever has this file and a copy of the data can open the vault; who has
# lost it cannot. Keep a copy offline, apart from the backups: no backup contains it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKey:
    """One service key; its bytes never show in a representation."""

    id: str
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: bytes) -> ServiceKey:
        """A key from its 32 bytes. Raises RefusedError."""
        if len(secret) != KEY_BYTES:
            raise RefusedError(f"A service key has {KEY_BYTES} bytes, not {len(secret)}.")
        return cls(id="sk" + hashlib.sha256(b"rempart service key id\x00" + secret).hexdigest()[:16], secret=secret)

    @classmethod
    def new(cls) -> ServiceKey:
        """A random key."""
        return cls.of(secrets.token_bytes(KEY_BYTES))

    def derived(self, purpose: str) -> bytes:
        """32 bytes for another purpose than wrapping (HMAC-SHA256 as the KDF of NIST SP 800-108 in one step)."""
        return hmac.new(self.secret, b"rempart\x00" + purpose.encode(), hashlib.sha256).digest()


class Keyring(Protocol):
    """Where the service keys are."""

    def active(self) -> ServiceKey:
        """The key that wraps what is new."""

    def get(self, key_id: str) -> ServiceKey:
        """The key of an id. Raises ServiceKeyMissingError."""

    def ids(self) -> tuple[str, ...]:
        """All key ids, the active one first."""


class HeldKeys:
    """A keyring whose text was passed in, from an environment variable for instance. It cannot be changed from here."""

    def __init__(self, text: str, *, command: KeyCommand | None = None) -> None:
        self._keys = parse_keys(text, command=command)

    def active(self) -> ServiceKey:
        """The first key."""
        return next(iter(self._keys.values()))

    def get(self, key_id: str) -> ServiceKey:
        """The key of an id."""
        return _found(self._keys, key_id)

    def ids(self) -> tuple[str, ...]:
        """All key ids."""
        return tuple(self._keys)


class KeyFile:
    """A keyring in a file that only its owner may read. A change of the file is seen at the next use."""

    def __init__(self, path: Path, *, command: KeyCommand | None = None) -> None:
        self._path = path
        self._command = command
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._keys: Mapping[str, ServiceKey] = {}

    def active(self) -> ServiceKey:
        """The first key."""
        return next(iter(self._read().values()))

    def get(self, key_id: str) -> ServiceKey:
        """The key of an id."""
        return _found(self._read(), key_id)

    def ids(self) -> tuple[str, ...]:
        """All key ids."""
        return tuple(self._read())

    def create(self) -> ServiceKey:
        """Write a new file with one new key. Raises RefusedError when there is one already."""
        if self._path.exists():
            raise RefusedError(f"{self._path} is there already.", hint="A keyring is never written over.")
        key = ServiceKey.new()
        self._write([key])
        return key

    def add(self, key: ServiceKey) -> None:
        """Put a key in front of the others: it is the active one from now on, in every process."""
        self._write([key, *self._read().values()])

    def remove(self, key_id: str) -> None:
        """Forget a key that is not the active one. What is still wrapped under it cannot be opened any more."""
        keys = self._read()
        if key_id == next(iter(keys)):
            raise RefusedError("The active service key cannot be removed.", hint="Rotate first.")
        self._write([key for key in keys.values() if key.id != key_id])

    def _read(self) -> Mapping[str, ServiceKey]:
        try:
            told = self._path.stat()
            seen = (told.st_mtime_ns, told.st_ino, told.st_size)
            with self._lock:
                if seen != self._seen:
                    self._keys = self._load(told.st_mode)
                    self._seen = seen
                return self._keys
        except OSError as err:
            raise ServiceKeyMissingError(
                f"The service key file {self._path} cannot be read: {err.strerror}.",
                hint="Put it back from the copy that you keep apart from the backups.",
            ) from err

    def _load(self, mode: int) -> Mapping[str, ServiceKey]:
        if mode & 0o077:
            raise RefusedError(f"Others than its owner may read {self._path}.", hint=f"chmod 600 {self._path}")
        return parse_keys(self._path.read_text(encoding="utf-8"), command=self._command)

    def _write(self, keys: list[ServiceKey]) -> None:
        lines = [_HEAD] + [self._line(key) for key in keys]
        new = self._path.with_name(f".{self._path.name}.{secrets.token_hex(8)}")
        try:
            fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "w", encoding="utf-8") as file:
                file.writelines(lines)
                file.flush()
                os.fsync(fd)
            new.replace(self._path)
            _sync(self._path.parent)
        except OSError as err:
            new.unlink(missing_ok=True)
            if err.errno in DISK_FULL:
                raise StorageFullError("The service key could not be written: the disk is full.") from err
            raise RefusedError(f"The service key could not be written: {err.strerror}.") from err

    def _line(self, key: ServiceKey) -> str:
        if self._command is None:
            return base64.b64encode(key.secret).decode() + "\n"
        return "kms:" + base64.b64encode(self._command.wrap(key.secret)).decode() + "\n"


def parse_keys(text: str, *, command: KeyCommand | None = None) -> Mapping[str, ServiceKey]:
    """The keys of a keyring's text by their ids, in its order; commas separate too.

    Raises RefusedError for a line that is no key (its number, never its text), IncompleteError when there is none.
    """
    keys: dict[str, ServiceKey] = {}
    for number, line in enumerate(text.splitlines(), 1):
        for word in line.partition("#")[0].replace(",", " ").split():
            key = ServiceKey.of(_secret(word, number, command))
            keys[key.id] = key
    if not keys:
        raise IncompleteError("There is no service key in the keyring.", hint="`rempart init` makes one.")
    return keys


def _secret(word: str, number: int, command: KeyCommand | None) -> bytes:
    guarded = word.startswith("kms:")
    try:
        secret = base64.b64decode(word.removeprefix("kms:"), validate=True)
    except binascii.Error as err:
        raise RefusedError(
            f"Line {number} of the keyring is no service key.", hint="It is 32 bytes in base64."
        ) from err
    if not guarded:
        return secret
    if command is None:
        raise IncompleteError("A service key is guarded by a key service.", hint="Set the command that unwraps it.")
    return command.unwrap(secret)


def _found(keys: Mapping[str, ServiceKey], key_id: str) -> ServiceKey:
    try:
        return keys[key_id]
    except KeyError:
        raise ServiceKeyMissingError(
            f"The service key {key_id} is not in the keyring.", hint="Bring it back from the copy that was kept."
        ) from None


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
