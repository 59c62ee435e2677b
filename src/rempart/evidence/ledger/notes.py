"""Checkpoints as signed notes: C2SP `signed-note` and `tlog-checkpoint`, signed with Ed25519.

A checkpoint says in three lines which log it is about (the origin), how many leaves it has, and their root in base64.
After an empty line follow signatures, each a dash, the key's name, and base64 of four bytes of the key's hash and the
signature of everything above the empty line.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from rempart.errors import LedgerChangedError, LedgerKeyError, RefusedError
from rempart.evidence.ledger.tree import HASH_BYTES

_ED25519 = b"\x01"
_PRIVATE = "PRIVATE+KEY+"
_NAME = re.compile(r"[^\s+]{1,200}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
_DASH = "— "
_LONGEST = 16_384
MOST_SIGNATURES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A public key with the name it signs under."""

    name: str
    public: bytes

    @property
    def hash(self) -> bytes:
        """The four bytes that stand before each of its signatures."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    @property
    def id(self) -> str:
        """`name+hash`: enough to tell keys apart."""
        return f"{self.name}+{self.hash.hex()}"

    @property
    def line(self) -> str:
        """`name+hash+key`, as it is published."""
        return f"{self.id}+{b64encode(_ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, line: str) -> VerifierKey:
        """Read `name+hash+key`. Raises RefusedError, also when the hash is not the key's."""
        name, _, rest = line.strip().partition("+")
        digest, _, encoded = rest.partition("+")
        data = _unbase64(encoded)
        if not _NAME.fullmatch(name) or data is None or data[:1] != _ED25519 or len(data) != 1 + HASH_BYTES:
            raise RefusedError("This is no verifier key.", hint="Write the whole line: name+hash+key.")
        key = cls(name=name, public=data[1:])
        if key.hash.hex() != digest.lower():
            raise RefusedError("The verifier key's hash does not belong to it.", hint="Copy the whole line again.")
        return key

    def signed(self, text: str, signature: bytes) -> bool:
        """Is this our signature of `text`?"""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer:
    """A private key with the name it signs under. Its text never shows the key."""

    __slots__ = ("_private", "key")

    def __init__(self, *, name: str, private: Ed25519PrivateKey) -> None:
        if not _NAME.fullmatch(name):
            raise RefusedError(
                f"{name!r} cannot be a ledger's name.", hint="No spaces and no +, as in example.org/ledger."
            )
        self._private = private
        self.key = VerifierKey(name=name, public=private.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"Signer({self.key.line})"

    @classmethod
    def generate(cls, name: str) -> Signer:
        """A new key."""
        return cls(name=name, private=Ed25519PrivateKey.generate())

    @classmethod
    def parse(cls, text: str) -> Signer:
        """Read the line that `private_line` wrote. Raises RefusedError."""
        name, _, rest = text.strip().removeprefix(_PRIVATE).partition("+")
        digest, _, encoded = rest.partition("+")
        data = _unbase64(encoded)
        if not text.startswith(_PRIVATE) or data is None or data[:1] != _ED25519 or len(data) != 1 + HASH_BYTES:
            raise RefusedError("This is no ledger key.", hint="It is one line that begins with PRIVATE+KEY+.")
        signer = cls(name=name, private=Ed25519PrivateKey.from_private_bytes(data[1:]))
        if signer.key.hash.hex() != digest:
            raise RefusedError("The ledger key's hash does not belong to it: the file is damaged.")
        return signer

    def private_line(self) -> str:
        """The key itself, to be kept in a file of mode 0600."""
        data = b64encode(_ED25519 + self._private.private_bytes_raw()).decode()
        return f"{_PRIVATE}{self.key.name}+{self.key.hash.hex()}+{data}"

    def sign(self, text: str) -> str:
        """The note of `text` (which ends in a line end) with our signature."""
        signature = b64encode(self.key.hash + self._private.sign(text.encode())).decode()
        return f"{text}\n{_DASH}{self.key.name} {signature}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A line under a note; `hash` tells which key of that name."""

    name: str
    hash: bytes
    value: bytes

    @property
    def key_id(self) -> str:
        """The name and hash of the key, as in its line."""
        return f"{self.name}+{self.hash.hex()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A note that was read, not yet one that is believed: see `check`."""

    origin: str
    size: int
    root: bytes
    text: str
    signatures: tuple[Signature, ...]

    def check(self, keys: Iterable[VerifierKey]) -> VerifierKey:
        """The first of `keys` that signed it.

        Raises LedgerChangedError where a key stands under it whose signature is not of this text, and LedgerKeyError
        where none of the keys stands under it, or where it is a key of another ledger.
        """
        known = {(key.name, key.hash): key for key in keys}
        for signature in self.signatures:
            key = known.get((signature.name, signature.hash))
            if key is None:
                continue
            if not key.signed(self.text, signature.value):
                raise LedgerChangedError(
                    f"The checkpoint of {self.size} leaves was altered: its signature is of another."
                )
            if key.name != self.origin:
                raise LedgerKeyError(f"The key of {key.name} signed a checkpoint of {self.origin}: another ledger.")
            return key
        signers = ", ".join(signature.key_id for signature in self.signatures)
        raise LedgerKeyError(
            f"The checkpoint of {self.origin} is signed by {signers}, which none of the given keys is.",
            hint="Give the verifier key of that name and hash; after a rotation give the older ones too.",
        )


def checkpoint_text(*, origin: str, size: int, root: bytes) -> str:
    """The three lines that are signed."""
    return f"{origin}\n{size}\n{b64encode(root).decode()}\n"


def parse_checkpoint(note: str) -> Checkpoint:
    """Read a signed note. Raises RefusedError for what is none."""
    text, found, below = note.rpartition("\n\n")
    if not found or len(note) > _LONGEST or not below.endswith("\n"):
        raise RefusedError("This is no signed checkpoint.", hint="It is a text with signatures after an empty line.")
    text += "\n"
    lines = text.split("\n")[:-1]
    root = _unbase64(lines[2]) if len(lines) >= 3 else None
    if root is None or len(root) != HASH_BYTES or not lines[0] or not _SIZE.fullmatch(lines[1]) or "" in lines:
        raise RefusedError("The checkpoint does not say origin, size and root in its first three lines.")
    signatures = _signatures(below.split("\n")[:-1])
    return Checkpoint(origin=lines[0], size=int(lines[1]), root=root, text=text, signatures=signatures)


def parse_signed(note: str) -> tuple[str, tuple[Signature, ...]]:
    """The text of any signed note, and who signed it. Raises RefusedError for what is none."""
    text, found, below = note.rpartition("\n\n")
    if not found or len(note) > _LONGEST or not below.endswith("\n"):
        raise RefusedError("This is no signed note.", hint="It is a text with signatures after an empty line.")
    return text + "\n", _signatures(below.split("\n")[:-1])


def _signatures(lines: Sequence[str]) -> tuple[Signature, ...]:
    if not 0 < len(lines) <= MOST_SIGNATURES:
        raise RefusedError("The checkpoint has no signature, or too many.")
    found = []
    for line in lines:
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        data = _unbase64(encoded)
        if not line.startswith(_DASH) or not _NAME.fullmatch(name) or data is None or len(data) < 5:
            raise RefusedError("A line under the checkpoint is no signature.")
        found.append(Signature(name=name, hash=data[:4], value=data[4:]))
    return tuple(found)


def _unbase64(text: str) -> bytes | None:
    """The bytes, when this is the one way to write them."""
    try:
        data = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        return None
    return data if b64encode(data).decode() == text else None
