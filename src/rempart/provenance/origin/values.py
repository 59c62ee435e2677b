"""What a file says of where it comes from, as values that come out of a decode worker and are checked on the way.

None of them is a judgement. A file that says that a generator made it may lie, and one that says nothing says nothing:
absence is never evidence. Nothing here holds the text of a prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self, TypeVar

from rempart.signals.frames import FrameError

INGREDIENT = "ingredient: "
_ABOUT_SIGNER = ("signingCredential.", "timeStamp.", "timeOfSigning.", "claimSignature.outsideValidity")
MOST_TEXT = 300
MOST_ROWS = 64

_T = TypeVar("_T")


class Declaration(StrEnum):
    """What a file declares: that a generator made it, that a generator changed it, that a camera took it, things that
    contradict each other, or nothing."""

    AI_MADE = "ai_made"
    AI_EDITED = "ai_edited"
    CAMERA = "camera"
    CONFLICTING = "conflicting"
    NONE = "none"


class CredentialState(StrEnum):
    """How signed credentials stand: all holds and the signer is one whom the operator trusts; all holds and the signer
    is unknown (anybody can sign as anybody); or something does not hold."""

    TRUSTED = "trusted"
    VALID = "valid"
    INVALID = "invalid"


class Place(StrEnum):
    """Where in a file something is said."""

    C2PA = "c2pa"
    XMP = "xmp"
    IPTC = "iptc"
    EXIF = "exif"
    TEXT = "text"
    PIXELS = "pixels"


class Unread(StrEnum):
    """What there was and could not be read: never the same as its not being there."""

    CREDENTIALS = "credentials"
    XMP = "xmp"
    IPTC = "iptc"
    EXIF = "exif"
    TEXT = "text"
    PIXELS = "pixels"
    STRUCTURE = "structure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One thing that a file says. `text` is what stands there: a URI, a writer's name, never a prompt.

    `counts` is False for what stands in credentials that were broken or belong to another picture.
    """

    place: Place
    says: Declaration
    text: str
    counts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftBinding:
    """A mark or fingerprint that signed credentials name: by which method, and its value there."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """C2PA credentials, or their absence.

    `failures` are the standard's codes, those of ingredients with `ingredient: ` before them; an unknown signer is one
    of them (`signingCredential.untrusted`). `signer` is what the certificate says of itself: trust it only in the state
    TRUSTED. `signed_at` is aware UTC, from a countersignature of time, else None. `manifests` are the labels of all
    manifests in the file, the active one first. `gate` is what our own gate wrote, as names and values: only as true
    as the state says.
    """

    present: bool = False
    state: CredentialState | None = None
    failures: tuple[str, ...] = ()
    signer: str | None = None
    claim_generator: str | None = None
    signed_at: datetime | None = None
    soft_bindings: tuple[SoftBinding, ...] = ()
    manifests: tuple[str, ...] = ()
    gate: tuple[tuple[str, str], ...] = ()

    @property
    def intact(self) -> bool:
        """Whether they are this picture's, unaltered, whoever signed: nothing failed but what concerns the signer's
        certificate. What they say then stands as any unsigned word does."""
        failed = (one.removeprefix(INGREDIENT) for one in self.failures)
        return self.present and all(one.startswith(_ABOUT_SIGNER) for one in failed)

    def wire(self) -> dict[str, Any]:
        """A JSON object."""
        return {
            "present": self.present,
            "state": self.state and self.state.value,
            "failures": list(self.failures),
            "signer": self.signer,
            "claim_generator": self.claim_generator,
            "signed_at": self.signed_at and self.signed_at.isoformat(),
            "soft_bindings": [[one.algorithm, one.value] for one in self.soft_bindings],
            "manifests": list(self.manifests),
            "gate": [list(one) for one in self.gate],
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Self:
        """Read `wire`'s form; raises FrameError when any field is not of its type or range."""
        return _read(lambda: cls._of(wire))

    @classmethod
    def _of(cls, wire: Mapping[str, Any]) -> Self:
        found = cls(
            present=_bool(wire["present"]),
            state=None if wire["state"] is None else CredentialState(wire["state"]),
            failures=_rows(wire["failures"], _text),
            signer=_maybe(wire["signer"]),
            claim_generator=_maybe(wire["claim_generator"]),
            signed_at=_moment(wire["signed_at"]),
            soft_bindings=tuple(
                SoftBinding(algorithm=name, value=value) for name, value in _rows(wire["soft_bindings"], _pair)
            ),
            manifests=_rows(wire["manifests"], _text),
            gate=_rows(wire["gate"], _pair),
        )
        if found.present != (found.state is not None):
            raise ValueError("credentials without a state, or a state without credentials")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a file says of where it comes from.

    `source_types` are the digital source types as they stand in the file, of all places, each once. `generator` names
    the software that its own traces name ("ComfyUI"), else None. `fields` are other things said, without prompts.
    `has_prompt` tells that there is text somebody typed: `prompts_of` reads it, for a logged reveal. `unreadable` is
    what there was and could not be read.
    """

    declaration: Declaration = Declaration.NONE
    grounds: tuple[Ground, ...] = ()
    credentials: Credentials = field(default_factory=Credentials)
    source_types: tuple[str, ...] = ()
    generator: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    has_prompt: bool = False
    unreadable: tuple[Unread, ...] = ()

    def wire(self) -> dict[str, Any]:
        """A JSON object."""
        return {
            "declaration": self.declaration.value,
            "grounds": [[one.place.value, one.says.value, one.text, one.counts] for one in self.grounds],
            "credentials": self.credentials.wire(),
            "source_types": list(self.source_types),
            "generator": self.generator,
            "fields": [list(one) for one in self.fields],
            "has_prompt": self.has_prompt,
            "unreadable": [one.value for one in self.unreadable],
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Self:
        """Read `wire`'s form; raises FrameError when any field is not of its type or range."""
        return _read(
            lambda: cls(
                declaration=Declaration(wire["declaration"]),
                grounds=_rows(wire["grounds"], _ground),
                credentials=Credentials.from_wire(wire["credentials"]),
                source_types=_rows(wire["source_types"], _text),
                generator=_maybe(wire["generator"]),
                fields=_rows(wire["fields"], _pair),
                has_prompt=_bool(wire["has_prompt"]),
                unreadable=_rows(wire["unreadable"], Unread),
            )
        )


def short(text: str) -> str:
    """A text as these values hold it: printable, and of their length at most."""
    return "".join(one if one.isprintable() else " " for one in text[:MOST_TEXT])


def _read(made: Callable[[], _T]) -> _T:
    try:
        return made()
    except (KeyError, ValueError, TypeError) as err:
        raise FrameError from err


def _rows(value: object, made: Callable[[Any], _T]) -> tuple[_T, ...]:
    if not isinstance(value, list) or len(value) > MOST_ROWS:
        raise ValueError("not a short list")
    return tuple(made(one) for one in value)


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > MOST_TEXT or not value.isprintable():
        raise ValueError("not a short text")
    return value


def _maybe(value: object) -> str | None:
    return None if value is None else _text(value)


def _bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("neither yes nor no")
    return value


def _pair(value: Any) -> tuple[str, str]:
    name, said = value
    return _text(name), _text(said)


def _ground(value: Any) -> Ground:
    place, says, text, counts = value
    return Ground(place=Place(place), says=Declaration(says), text=_text(text), counts=_bool(counts))


def _moment(value: object) -> datetime | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("a moment without its zone")
    return moment
