"""Whom the operator trusts to sign credentials: root certificates, dated.

None is shipped. Whose signature is to count is the operator's decision, and the lists that exist are others' files,
under others' terms: `shipped.json` is the dated list of those, and `rempart trust update` reads one that was fetched by
hand. Without any, no signer is trusted, and everything that holds is *valid*.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from rempart.errors import CorruptFileError, RefusedError, UnavailableError
from rempart.signals.frames import FrameError

FILE = "trust.json"
OWN = Path("keys/stamp-root.pem")
MOST_BYTES = 4 << 20
MOST_ANCHORS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A root certificate: its name, its digest and until when it holds."""

    name: str
    sha256: str
    until: datetime
    pem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """The roots that count, and the day from which they are; None: nobody loaded any."""

    anchors: tuple[Anchor, ...] = ()
    dated: date | None = None

    @classmethod
    def shipped(cls) -> Self:
        """What comes with Rempart: no root at all (see `to_load`)."""
        return cls()

    @classmethod
    def of_pem(cls, data: bytes, *, dated: date) -> Self:
        """The roots of a PEM file. Raises RefusedError for what is no such file, or holds what cannot be a root."""
        if len(data) > MOST_BYTES:
            raise RefusedError(f"A file of root certificates has {MOST_BYTES >> 20} MiB at most.")
        try:
            certificates = x509.load_pem_x509_certificates(data)
        except ValueError as err:
            raise RefusedError(
                "This is no file of PEM certificates.", hint="It holds BEGIN CERTIFICATE lines."
            ) from err
        if len(certificates) > MOST_ANCHORS:
            raise RefusedError(f"{len(certificates)} certificates are more than {MOST_ANCHORS}.")
        anchors = {one.sha256: one for one in map(_anchor, certificates)}
        return cls(anchors=_sorted(anchors.values()), dated=dated)

    @classmethod
    def loaded(cls, folder: Path) -> Self:
        """The roots that were loaded into a data folder, else what is shipped. Raises CorruptFileError or
        UnavailableError."""
        text = _content(folder / FILE)
        if text is None:
            return cls.shipped()
        try:
            found = json.loads(text)
            return cls.of_pem(found["pem"].encode(), dated=date.fromisoformat(found["dated"]))
        except (ValueError, KeyError, TypeError, AttributeError, RefusedError) as err:
            raise CorruptFileError(f"{FILE} is damaged.", hint="`rempart trust update` writes it anew.") from err

    @classmethod
    def own(cls, folder: Path) -> Self:
        """The root that `rempart certs make` made in a data folder: what the operator signed with it is trusted. Raises
        CorruptFileError or UnavailableError."""
        text = _content(folder / OWN)
        try:
            return cls() if text is None else cls.of_pem(text, dated=date.min)
        except RefusedError as err:
            raise CorruptFileError(f"{OWN} is damaged.", hint="`rempart certs check` says more.") from err

    @classmethod
    def kept(cls, folder: Path) -> Self:
        """The roots that count in a data folder: those that were loaded, and the operator's own. Raises
        CorruptFileError or UnavailableError."""
        loaded = cls.loaded(folder)
        return cls(anchors=cls.together(loaded, cls.own(folder)).anchors, dated=loaded.dated)

    @classmethod
    def together(cls, first: Trust, second: Trust) -> Self:
        """The roots of both, each once, with the date of the second."""
        anchors = {one.sha256: one for one in (*first.anchors, *second.anchors)}
        return cls(anchors=_sorted(anchors.values()), dated=second.dated)

    @property
    def pem(self) -> str:
        """All roots, one after the other."""
        return "".join(one.pem for one in self.anchors)

    @property
    def sha256(self) -> str:
        """Which set of roots this is."""
        return hashlib.sha256("".join(sorted(one.sha256 for one in self.anchors)).encode()).hexdigest()

    def written(self) -> bytes:
        """As `kept` reads it. ValueError for roots without a date."""
        if self.dated is None:
            raise ValueError("roots have a date")
        return json.dumps({"dated": self.dated.isoformat(), "pem": self.pem}, indent=1).encode() + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Roots:
    """Of a Trust what a decode worker needs: the certificates as text."""

    pem: str = ""

    def wire(self) -> dict[str, Any]:
        """A JSON object."""
        return {"pem": self.pem}

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Self:
        """Read `wire`'s form; raises FrameError."""
        pem = wire.get("pem")
        if not isinstance(pem, str) or len(pem) > MOST_BYTES:
            raise FrameError
        return cls(pem=pem)


def to_load() -> tuple[Mapping[str, str], ...]:
    """The lists that exist, as of the day named in each: what it is, who publishes it, where."""
    found: list[dict[str, str]] = json.loads(files(__package__).joinpath("shipped.json").read_text("utf-8"))["lists"]
    return tuple(found)


def _content(path: Path) -> bytes | None:
    """A file's content, or None where there is none."""
    try:
        with path.open("rb") as stream:
            return stream.read(2 * MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as err:
        raise UnavailableError(f"{path.name} could not be read: {err.strerror}.") from err


def _sorted(anchors: Iterable[Anchor]) -> tuple[Anchor, ...]:
    return tuple(sorted(anchors, key=lambda one: (one.name, one.sha256)))


def _anchor(certificate: x509.Certificate) -> Anchor:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        constraints = None
    except ValueError as err:
        raise RefusedError("A certificate has extensions that cannot be read.") from err
    name = _name(certificate)
    if constraints is None or not constraints.ca:
        raise RefusedError(f"{name} is no certificate authority.", hint="Root certificates are needed, not signers'.")
    return Anchor(
        name=name,
        sha256=hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
        until=certificate.not_valid_after_utc.astimezone(UTC),
        pem=certificate.public_bytes(Encoding.PEM).decode(),
    )


def _name(certificate: x509.Certificate) -> str:
    """What it is called and whose it is, as it says of itself."""
    common, owner = (
        next((str(one.value) for one in certificate.subject.get_attributes_for_oid(kind)), None)
        for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
    )
    if common and owner and owner not in common:
        return f"{common} ({owner})"
    return common or owner or certificate.subject.rfc4514_string() or "(no name)"
