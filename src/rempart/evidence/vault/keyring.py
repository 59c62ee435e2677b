"""Service keys: what wraps the objects' keys, and therefore what decides who can open the vault.

A keyring is text, one key a line, the newest first; `#` begins a comment. A key is 32 random bytes in base64, as it is
or wrapped by a key service (`kms:` before it). A key's id is taken from the key itself, so that it has the same id
wherever it stands. The first key seals what is new; the others only open what is old.

`mark:` begins what is left of a key that was taken out: with it, marks in pictures that were made while that key was
the first are still read (`rempart.provenance.watermark`). It opens nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import threading
from collections.abc import Mapping, Sequence
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
_KMS, _MARK = "kms:", "mark:"


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

    def mark_key(self) -> bytes:
        """The 32 bytes that the pattern of marks in pictures is made from."""
        return self.derived("watermark")

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

    def mark_keys(self) -> tuple[bytes, ...]:
        """What marks in pictures are written with (the first) and read with (all), the newest first; 32 bytes each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """What stands in a keyring: its keys by their ids, and the mark keys of those that were taken out."""

    service: Mapping[str, ServiceKey] = field(default_factory=dict)
    marks: tuple[bytes, ...] = field(default=(), repr=False)

    def found(self, key_id: str) -> ServiceKey:
        try:
            return self.service[key_id]
        except KeyError:
            raise ServiceKeyMissingError(
                f"The service key {key_id} is not in the keyring.", hint="Bring it back from the copy that was kept."
            ) from None

    def mark_keys(self) -> tuple[bytes, ...]:
        return (*(key.mark_key() for key in self.service.values()), *self.marks)


class HeldKeys:
    """A keyring whose text was passed in, from an environment variable for instance. It cannot be changed from here."""

    def __init__(self, text: str, *, command: KeyCommand | None = None) -> None:
        self._keys = _parsed(text, command=command)

    def active(self) -> ServiceKey:
        """The first key."""
        return next(iter(self._keys.service.values()))

    def get(self, key_id: str) -> ServiceKey:
        """The key of an id."""
        return self._keys.found(key_id)

    def ids(self) -> tuple[str, ...]:
        """All key ids."""
        return tuple(self._keys.service)

    def mark_keys(self) -> tuple[bytes, ...]:
        """The mark keys of all keys, and those that are left of older ones."""
        return self._keys.mark_keys()


class KeyFile:
    """A keyring in a file that only its owner may read. A change of the file is seen at the next use."""

    def __init__(self, path: Path, *, command: KeyCommand | None = None) -> None:
        self._path = path
        self._command = command
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._keys = _Keys()

    def active(self) -> ServiceKey:
        """The first key."""
        return next(iter(self._read().service.values()))

    def get(self, key_id: str) -> ServiceKey:
        """The key of an id."""
        return self._read().found(key_id)

    def ids(self) -> tuple[str, ...]:
        """All key ids."""
        return tuple(self._read().service)

    def mark_keys(self) -> tuple[bytes, ...]:
        """The mark keys of all keys, and those that are left of older ones."""
        return self._read().mark_keys()

    def create(self) -> ServiceKey:
        """Write a new file with one new key. Raises RefusedError when there is one already."""
        if self._path.exists():
            raise RefusedError(f"{self._path} is there already.", hint="A keyring is never written over.")
        key = ServiceKey.new()
        self._write([key], ())
        return key

    def add(self, key: ServiceKey) -> None:
        """Put a key in front of the others: it is the active one from now on, in every process."""
        keys = self._read()
        self._write([key, *keys.service.values()], keys.marks)

    def remove(self, key_id: str) -> None:
        """Forget a key that is not the active one. What is still wrapped under it cannot be opened any more; marks in
        pictures that were written with it are still read, by a `mark:` line."""
        keys = self._read()
        if key_id == self.ids()[0]:
            raise RefusedError("The active service key cannot be removed.", hint="Rotate first.")
        gone = [key.mark_key() for key in keys.service.values() if key.id == key_id]
        self._write([key for key in keys.service.values() if key.id != key_id], (*gone, *keys.marks))

    def _read(self) -> _Keys:
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

    def _load(self, mode: int) -> _Keys:
        if mode & 0o077:
            raise RefusedError(f"Others than its owner may read {self._path}.", hint=f"chmod 600 {self._path}")
        return _parsed(self._path.read_text(encoding="utf-8"), command=self._command)

    def _write(self, keys: Sequence[ServiceKey], marks: Sequence[bytes]) -> None:
        lines = [_HEAD, *(self._line(key.secret) for key in keys), *(_MARK + self._line(mark) for mark in marks)]
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

    def _line(self, secret: bytes) -> str:
        if self._command is None:
            return base64.b64encode(secret).decode() + "\n"
        return _KMS + base64.b64encode(self._command.wrap(secret)).decode() + "\n"


def _parsed(text: str, *, command: KeyCommand | None) -> _Keys:
    """What stands in a keyring's text, in its order; commas separate too.

    Raises RefusedError for a line that is no key (its number, never its text), IncompleteError when there is none.
    """
    keys: dict[str, ServiceKey] = {}
    marks: list[bytes] = []
    for number, line in enumerate(text.splitlines(), 1):
        for word in line.partition("#")[0].replace(",", " ").split():
            key = ServiceKey.of(_secret(word.removeprefix(_MARK), number, command))
            if word.startswith(_MARK):
                marks.append(key.secret)
            else:
                keys[key.id] = key
    if not keys:
        raise IncompleteError("There is no service key in the keyring.", hint="`rempart init` makes one.")
    return _Keys(service=keys, marks=tuple(marks))


def _secret(word: str, number: int, command: KeyCommand | None) -> bytes:
    guarded = word.startswith(_KMS)
    try:
        secret = base64.b64decode(word.removeprefix(_KMS), validate=True)
    except binascii.Error as err:
        raise RefusedError(
            f"Line {number} of the keyring is no service key.", hint="It is 32 bytes in base64."
        ) from err
    if not guarded:
        return secret
    if command is None:
        raise IncompleteError("A service key is guarded by a key service.", hint="Set the command that unwraps it.")
    return command.unwrap(secret)


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
