"""The backup file: a tar whose last member says what must be in it.

Members: `head.json`, `tables/NAME/NUMBER.jsonl` (the first line of each names the columns), `settings/rempart.toml`,
`blobs/NAME`, and at last `manifest.json` with size and SHA-256 of every member, the number of rows of every table, and
an HMAC-SHA-256 over all of that under a key derived from the service key: whoever restores needs that key anyway.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from rempart.errors import BackupFormatError, IncompleteError, ServiceKeyMissingError, TamperedError
from rempart.evidence.vault.keyring import Keyring

FORMAT = 1
HEAD = "head.json"
MANIFEST = "manifest.json"
LONGEST = 1 << 30
"""No member is longer: a blob is one upload, and tables come in parts."""
_PURPOSE = "backup manifest"


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a backup, read whole."""

    name: str
    data: bytes


class BackupWriter:
    """Writes members one after the other; the backup is one only after `finish`."""

    def __init__(self, stream: IO[bytes], *, head: Mapping[str, Any]) -> None:
        self._tar = tarfile.open(fileobj=stream, mode="w|", format=tarfile.USTAR_FORMAT)  # noqa: SIM115 - see finish
        self._members: dict[str, tuple[int, str]] = {}
        self.add(HEAD, _json({"format": FORMAT, **head}))

    def add(self, name: str, data: bytes) -> None:
        """Write one member."""
        told = tarfile.TarInfo(name)
        told.size, told.mode = len(data), 0o600
        self._tar.addfile(told, io.BytesIO(data))
        self._members[name] = len(data), hashlib.sha256(data).hexdigest()

    def finish(self, summary: Mapping[str, Any], keyring: Keyring | None) -> None:
        """Write the manifest and close the tar; the stream stays open."""
        manifest: dict[str, Any] = {"members": self._members, **summary}
        if keyring is not None:
            key = keyring.active()
            manifest["mac"] = {"key": key.id, "hmac": _mac(manifest, key.derived(_PURPOSE))}
        data = _json(manifest)
        told = tarfile.TarInfo(MANIFEST)
        told.size, told.mode = len(data), 0o600
        self._tar.addfile(told, io.BytesIO(data))
        self._tar.close()


class BackupReader:
    """Reads a backup's members in order and checks, at the end, that they are what was written."""

    def __init__(self, stream: IO[bytes], *, keyring: Keyring | None) -> None:
        self._stream, self._keyring = stream, keyring
        self.manifest: Mapping[str, Any] = {}
        self.seen: dict[str, tuple[int, str]] = {}
        """Size and SHA-256 of the members that were read."""

    def members(self) -> Iterator[Member]:
        """Yield every member but the manifest, which is checked last.

        What must hold:
        1. it is a tar that begins with a head of this format (BackupFormatError);
        2. it ends with a manifest (IncompleteError when the file ends before, TamperedError when it goes on);
        3. every member has the size and SHA-256 that the manifest tells, no more and no less are there (TamperedError);
        4. with a keyring, the manifest's HMAC is right (TamperedError; ServiceKeyMissingError without its key).
        A caller that acts on members before the last one acts on what is not yet checked.
        """
        seen = self.seen
        for member in self._raw():
            if not seen:
                _check_head(member)
            if member.name == MANIFEST:
                self._check(member.data, seen)
                return
            if member.name in seen:
                raise TamperedError(f"The backup has {member.name} twice.")
            seen[member.name] = sized_digest(member)
            yield member
        if any(self._stream.read(1 << 16)):
            raise TamperedError("The backup goes on after a member that cannot be read.")
        raise IncompleteError("The backup was cut short.", hint="Take another copy of it.")

    def _raw(self) -> Iterator[Member]:
        try:
            tar = tarfile.open(fileobj=self._stream, mode="r|")  # noqa: SIM115 - the stream is the caller's
        except tarfile.TarError as err:
            raise BackupFormatError from err
        try:
            for told in tar:
                file = tar.extractfile(told) if told.isreg() else None
                if file is None or not 0 <= told.size <= LONGEST:
                    raise TamperedError("The backup has a member that no backup has.")
                data = file.read()
                if len(data) != told.size:
                    raise IncompleteError("The backup was cut short.", hint="Take another copy of it.")
                yield Member(told.name, data)
        except (tarfile.TarError, EOFError) as err:
            raise IncompleteError("The backup was cut short.", hint="Take another copy of it.") from err

    def _check(self, data: bytes, seen: Mapping[str, tuple[int, str]]) -> None:
        manifest = _parsed(data)
        told = manifest.get("members", {})
        if not isinstance(told, dict) or {name: tuple(value) for name, value in told.items()} != seen:
            raise TamperedError("A part of the backup is not what was written.")
        if self._keyring is not None:
            mac = manifest.pop("mac", None)
            if not isinstance(mac, dict):
                raise TamperedError("The backup does not say which service key vouches for it.")
            if mac.get("key") not in self._keyring.ids():
                raise ServiceKeyMissingError(f"The backup was made with the service key {mac.get('key')}.")
            right = _mac(manifest, self._keyring.get(mac["key"]).derived(_PURPOSE))
            if not hmac.compare_digest(right, str(mac.get("hmac"))):
                raise TamperedError("The backup's manifest was not written with the service key.")
        self.manifest = manifest


def sized_digest(member: Member) -> tuple[int, str]:
    """Size and SHA-256 of a member, as the manifest tells them."""
    return len(member.data), hashlib.sha256(member.data).hexdigest()


def head_of(member: Member) -> Mapping[str, Any]:
    """The head as it was written."""
    return _parsed(member.data)


def _check_head(member: Member) -> None:
    if member.name != HEAD:
        raise BackupFormatError("This is no backup of Rempart.")
    found = _parsed(member.data).get("format")
    if found != FORMAT:
        raise BackupFormatError(f"This backup has the format {found}; this version knows {FORMAT}.")


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError as err:
        raise TamperedError("A part of the backup cannot be read.") from err
    if not isinstance(found, dict):
        raise TamperedError("A part of the backup cannot be read.")
    return found


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _mac(manifest: Mapping[str, Any], key: bytes) -> str:
    return hmac.digest(key, _json({**manifest, "mac": None}), "sha256").hex()
