"""Signals as typed bytes: parsed once at the edge, never passed on as text."""

from __future__ import annotations

from binascii import unhexlify
from enum import StrEnum
from typing import ClassVar, Self

from rempart.errors import InvalidSignalError

_PDQ_BITS = (1 << 256) - 1


class SignalKind(StrEnum):
    """The kinds of signal that lists hold and lookups take."""

    PDQ = "pdq"
    SHA256 = "sha256"
    SHA1 = "sha1"
    MD5 = "md5"


class Likeness(StrEnum):
    """What a match may be called beside the kinds of signal. No list holds, sends or exports a signal of such a kind.

    PARTS: an upload shows a part of a listed picture, or that picture as a part of itself.
    """

    PARTS = "parts"


BY_LIKENESS: frozenset[str] = frozenset({SignalKind.PDQ, Likeness.PARTS})
"""Kinds of match that say "looks alike"; all others say "the very same bytes"."""


class Signal(bytes):
    """A digest of content. Two signals are equal only when both kind and bytes are."""

    __slots__ = ()
    kind: ClassVar[SignalKind]
    size: ClassVar[int]

    def __new__(cls, value: bytes) -> Self:
        if len(value) != cls.size:
            raise InvalidSignalError(f"A {cls.kind.value} signal has {cls.size} bytes, not {len(value)}.")
        return super().__new__(cls, value)

    @classmethod
    def from_hex(cls, text: str) -> Self:
        """Parse hexadecimal text of either case; raises InvalidSignalError naming the length that was expected."""
        if len(text) != 2 * cls.size:
            raise InvalidSignalError(
                f"A {cls.kind.value} signal has {2 * cls.size} hexadecimal digits, not {len(text)}."
            )
        try:
            return cls(unhexlify(text))  # unlike bytes.fromhex it takes no white space
        except ValueError as err:
            raise InvalidSignalError(f"A {cls.kind.value} signal holds hexadecimal digits only.") from err

    def __str__(self) -> str:
        return self.hex()

    def __repr__(self) -> str:
        return f"{type(self).__name__}.from_hex({self.hex()!r})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and bytes.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((self.kind, bytes(self)))


class PdqHash(Signal):
    """A 256-bit PDQ hash. Byte order is that of its usual hexadecimal text (bit 255 first)."""

    __slots__ = ()
    kind = SignalKind.PDQ
    size = 32

    def distance(self, other: PdqHash) -> int:
        """Hamming distance, 0 to 256."""
        return (int.from_bytes(self) ^ int.from_bytes(other)).bit_count()

    def complement(self) -> PdqHash:
        """The hash of the photographic negative: every bit turned."""
        return PdqHash((int.from_bytes(self) ^ _PDQ_BITS).to_bytes(32))


class Sha256(Signal):
    """A SHA-256 digest of a file's bytes."""

    __slots__ = ()
    kind = SignalKind.SHA256
    size = 32


class Sha1(Signal):
    """A SHA-1 digest of a file's bytes; held because police lists use it, not because it is strong."""

    __slots__ = ()
    kind = SignalKind.SHA1
    size = 20


class Md5(Signal):
    """An MD5 digest of a file's bytes; held because police lists use it, not because it is strong."""

    __slots__ = ()
    kind = SignalKind.MD5
    size = 16


SIGNAL_TYPES: dict[SignalKind, type[Signal]] = {cls.kind: cls for cls in (PdqHash, Sha256, Sha1, Md5)}


def parse_signal(text: str) -> Signal:
    """Read `pdq:…`, `sha256:…`, `sha1:…`, `md5:…`, or 64 bare hexadecimal digits, which are PDQ.

    Surrounding white space and upper case are accepted. Raises InvalidSignalError saying what was expected.
    """
    kind_text, colon, value = text.strip().rpartition(":")
    kind_text = kind_text.strip().lower()
    if not colon:
        if len(value) != 64:
            raise InvalidSignalError(
                f"A hash without prefix is PDQ and has 64 hexadecimal digits, not {len(value)}.",
                hint="Write sha256:…, sha1:… or md5:… for a digest.",
            )
        return PdqHash.from_hex(value)
    try:
        kind = SignalKind(kind_text)
    except ValueError as err:
        raise InvalidSignalError(
            f"{kind_text[:20]!r} is no kind of signal.", hint="Known: " + ", ".join(SignalKind) + "."
        ) from err
    return SIGNAL_TYPES[kind].from_hex(value.strip())
