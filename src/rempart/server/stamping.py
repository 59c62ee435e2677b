"""What stamps in a deployment, put together from its settings; for the server and for commands."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from rempart.clock import Clock
from rempart.errors import SettingsError
from rempart.evidence.vault import Keyring
from rempart.intake.generator.stamping import Stamper
from rempart.provenance.stamp.making import making_pool
from rempart.provenance.stamp.signing import SignCommand, Signing
from rempart.settings import Settings
from rempart.signals.outcome import Limits
from rempart.signals.pool import WorkerPool
from rempart.store.engine import Store

log = logging.getLogger(__name__)

SOON = timedelta(days=30)
"""So long before a certificate ends it is said in the log."""
MOST_PIXELS = 40_000_000
"""Marking takes some forty bytes for each pixel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFiles:
    """Where certificate, key and anchor are, and the authority's own key, which only renewing needs."""

    certificate: Path
    key: Path
    anchor: Path
    anchor_key: Path


def certificate_files(settings: Settings) -> CertificateFiles:
    """The files of a deployment; those that no setting names are in its data folder."""
    told, own = settings.stamp, settings.data / "keys"
    return CertificateFiles(
        certificate=Path(told.certificate) if told.certificate else own / "stamp.pem",
        key=Path(told.key) if told.key else own / "stamp.key",
        anchor=Path(told.anchor) if told.anchor else own / "stamp-root.pem",
        anchor_key=own / "stamp-root.key",
    )


def open_signing(settings: Settings) -> Signing | None:
    """What signs; None where no certificate is set up. Raises SettingsError for a file that is missing or cannot be
    read, CertificateError for what is in it."""
    told, files = settings.stamp, certificate_files(settings)
    if not told.certificate and not files.certificate.exists():
        if told.key or told.sign_command or told.anchor:
            raise SettingsError("stamp.certificate is missing.", hint="Name the certificate that the key belongs to.")
        return None
    command = SignCommand(argv=told.sign_command, timeout=told.sign_seconds) if told.sign_command else None
    return Signing(
        chain=read_file(files.certificate).decode("utf-8", "replace"),
        anchor=read_file(files.anchor).decode("utf-8", "replace"),
        key=read_file(files.key) if command is None else None, command=command,
        timestamp_url=told.timestamp_url or None,
    )  # fmt: skip


class SigningOfFiles:
    """What signs, read again when one of its files changes: a certificate that was renewed is used at once."""

    def __init__(self, settings: Settings, *, clock: Clock) -> None:
        self._settings, self._files, self._clock = settings, certificate_files(settings), clock
        self._lock = threading.Lock()
        self._seen = self._look()
        self._signing = self._opened()

    def __call__(self) -> Signing | None:
        """Raises as `open_signing` does."""
        with self._lock:
            seen = self._look()
            if seen != self._seen:
                self._signing = self._opened()
                self._seen = seen
            return self._signing

    def _opened(self) -> Signing | None:
        found = open_signing(self._settings)
        if found is not None and found.ends - self._clock() < SOON:
            log.warning("the certificate that signs what was made ends on %s: renew it", f"{found.ends:%Y-%m-%d}")
        return found

    def _look(self) -> tuple[object, ...]:
        return tuple(_state(one) for one in (self._files.certificate, self._files.key, self._files.anchor))


def _state(path: Path) -> tuple[int, int] | None:
    try:
        told = path.stat()
    except OSError:
        return None
    return told.st_mtime_ns, told.st_ino


def stamping_pool(settings: Settings) -> WorkerPool:
    """Workers that label and mark; each starts when it is first needed."""
    limits = Limits(file_bytes=settings.server.body_bytes, pixels=MOST_PIXELS)
    return making_pool(workers=settings.stamp.workers, limits=limits)


def open_stamper(settings: Settings, store: Store, *, pool: WorkerPool, keyring: Keyring, clock: Clock) -> Stamper:
    """The stamper of a deployment. Raises as `open_signing` does."""
    return Stamper(store=store, pool=pool, keyring=keyring, signing=SigningOfFiles(settings, clock=clock), clock=clock)


def read_file(path: Path) -> bytes:
    """The bytes of a file that a setting names. Raises SettingsError."""
    try:
        return path.read_bytes()
    except OSError as err:
        raise SettingsError(f"{path} cannot be read: {err.strerror}.", hint="Look at [stamp] in rempart.toml.") from err
