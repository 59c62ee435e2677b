"""The text that the public page's own hashing makes: recipe, digest, and one perceptual hash a line with its quality.

recipe srgb8-full-v1
sha256 <64 hexadecimal digits>
<64 hexadecimal digits> <quality 0..100>
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rempart.errors import RefusedError
from rempart.signals.outcome import LOW_QUALITY_BELOW
from rempart.signals.values import PdqHash, Sha256

RECIPE = "srgb8-full-v1"
MOST_CHARACTERS = 16_384
MOST_FRAMES = 200
_RECIPE = re.compile(r"recipe ([a-z0-9-]{1,40})")
_DIGEST = re.compile(r"sha256 ([0-9a-f]{64})")
_FRAME = re.compile(r"([0-9a-f]{64}) (100|[1-9]?[0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The perceptual hash of one picture, or of one moment of a video, and its quality from 0 to 100."""

    pdq: PdqHash
    quality: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnHashes:
    """What a person's own copy gave, made in their own browser. `frames` holds each hash once."""

    recipe: str
    sha256: Sha256 | None
    frames: tuple[Frame, ...]

    @property
    def guarding(self) -> tuple[Frame, ...]:
        """The hashes that say enough to look for copies with."""
        return tuple(one for one in self.frames if one.quality >= LOW_QUALITY_BELOW)


def read_hashes(text: str) -> OwnHashes | None:
    """Read the page's text; None where it is empty. Raises RefusedError for anything else than what the page makes."""
    if not text.strip():
        return None
    if len(text) > MOST_CHARACTERS:
        raise _refused("is too long")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    first = _RECIPE.fullmatch(lines[0])
    if first is None or first[1] != RECIPE:
        raise _refused(f"does not begin with `recipe {RECIPE}`")
    rest, digest = lines[1:], None
    if rest and (found := _DIGEST.fullmatch(rest[0])):
        digest, rest = Sha256(bytes.fromhex(found[1])), rest[1:]
    frames: dict[bytes, Frame] = {}
    for line in rest:
        read = _FRAME.fullmatch(line)
        if read is None:
            raise _refused("holds a line that is no hash")
        frame = Frame(pdq=PdqHash(bytes.fromhex(read[1])), quality=int(read[2]))
        known = frames.get(bytes(frame.pdq))
        if known is None or known.quality < frame.quality:
            frames[bytes(frame.pdq)] = frame
    if len(rest) > MOST_FRAMES or not (rest or digest):
        raise _refused(f"has no hash, or more than {MOST_FRAMES}")
    return OwnHashes(recipe=RECIPE, sha256=digest, frames=tuple(frames.values()))


def _refused(why: str) -> RefusedError:
    return RefusedError(
        f"The text of the hash {why}.", hint="Leave it as this page made it, or take it out: a hash is not needed."
    )
