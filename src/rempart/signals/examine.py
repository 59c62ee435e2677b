"""One file looked at: digests, decoding, PDQ, probes and facets, and the outcome in one value.

`examine_in_worker` is what runs inside the sandbox; `Examination.from_wire` is how its answer is read outside, where
every field is checked, because a decoder that was taken over may answer anything.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

from rempart.errors import NotMediaError, RempartError, TooLargeError, UnreadableImageError
from rempart.signals.digests import digest_bytes, digest_stream
from rempart.signals.frames import FrameError
from rempart.signals.mediatype import HEAD_BYTES, sniff
from rempart.signals.outcome import LOW_QUALITY_BELOW, Limits, Outcome
from rempart.signals.room import PixelRoom
from rempart.signals.values import Md5, PdqHash, Sha1, Sha256, Signal

if TYPE_CHECKING:
    from rempart.signals.decode import Decoded
    from rempart.signals.facets import Facet
    from rempart.signals.probes import Probe

PROGRESS_BYTES = 64 << 20
"""After each so many bytes of a long file the worker says that it is still reading: that is no decoder hanging."""

MOST_BESIDE = 16 << 10
"""So many characters `Examination.beside` has at most."""

_S = TypeVar("_S", bound=Signal)
_MAX_TEXT = 300
_MAX_VIEWS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What is known of one file.

    Digests are there whenever the bytes could be read, whatever became of the decoding. `pdq`, `pdq_quality` and
    `recipe` are those of the canonical recipe; LOW_QUALITY carries them too. `width` and `height` are of the upright
    picture, in pixels. `error` says in one line why there is no PDQ hash. `beside` is what a task that looks at more
    than signals adds, in its own words: empty where it found nothing, None where nobody looked.
    """

    outcome: Outcome
    media_type: str | None = None
    size: int | None = None
    sha256: Sha256 | None = None
    sha1: Sha1 | None = None
    md5: Md5 | None = None
    pdq: PdqHash | None = None
    pdq_quality: int | None = None
    recipe: str | None = None
    width: int | None = None
    height: int | None = None
    error: str | None = None
    probes: tuple[Probe, ...] = ()
    facets: tuple[Facet, ...] = ()
    beside: str | None = None

    def to_wire(self) -> dict[str, Any]:
        """A JSON object: digests in hexadecimal, probes and facets as [name, hash, quality]."""
        return {
            "outcome": self.outcome.value,
            "media_type": self.media_type,
            "size": self.size,
            "sha256": self.sha256 and self.sha256.hex(),
            "sha1": self.sha1 and self.sha1.hex(),
            "md5": self.md5 and self.md5.hex(),
            "pdq": self.pdq and self.pdq.hex(),
            "pdq_quality": self.pdq_quality,
            "recipe": self.recipe,
            "width": self.width,
            "height": self.height,
            "error": self.error,
            "probes": [[probe.name, probe.hash.hex(), probe.quality] for probe in self.probes],
            "facets": [[facet.name, facet.hash.hex(), facet.quality] for facet in self.facets],
            **({} if self.beside is None else {"beside": self.beside}),
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Examination:
        """Read `to_wire`'s form; raises FrameError when any field is not of its type or range."""
        try:
            return cls(
                outcome=Outcome(wire["outcome"]),
                media_type=_text(wire["media_type"]),
                size=_count(wire["size"]),
                sha256=_signal(Sha256, wire["sha256"]),
                sha1=_signal(Sha1, wire["sha1"]),
                md5=_signal(Md5, wire["md5"]),
                pdq=_signal(PdqHash, wire["pdq"]),
                pdq_quality=_quality(wire["pdq_quality"]),
                recipe=_text(wire["recipe"]),
                width=_count(wire["width"]),
                height=_count(wire["height"]),
                error=_text(wire["error"]),
                probes=_views("probes", wire["probes"]) if wire["probes"] else (),
                facets=_views("facets", wire["facets"]) if wire["facets"] else (),
                beside=_text(wire.get("beside"), MOST_BESIDE),
            )._consistent()
        except (KeyError, ValueError, TypeError, RempartError) as err:
            raise FrameError from err

    def _consistent(self) -> Examination:
        hashed = self.outcome in (Outcome.OK, Outcome.LOW_QUALITY)
        if (self.pdq is None) != (self.pdq_quality is None) or (self.pdq is not None and not hashed):
            raise ValueError("a hash without its outcome")
        return self


def _text(value: object, most: int = _MAX_TEXT) -> str | None:
    if value is None or (isinstance(value, str) and len(value) <= most):
        return value
    raise ValueError("not a short text")


def _count(value: object) -> int | None:
    if value is None or (type(value) is int and value >= 0):
        return value
    raise ValueError("not a count")


def _quality(value: object) -> int | None:
    count = _count(value)
    if count is not None and count > 100:
        raise ValueError("not a quality")
    return count


def _signal(kind: type[_S], value: object) -> _S | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("not a digest")
    return kind.from_hex(value)


def _views(field: str, rows: Any) -> tuple[Any, ...]:
    from rempart.signals.facets import Facet
    from rempart.signals.probes import Probe

    if not isinstance(rows, list) or len(rows) > _MAX_VIEWS:
        raise ValueError("not a list of views")
    made: type[Probe] | type[Facet] = Probe if field == "probes" else Facet
    return tuple(
        made(name=_text(name) or "", hash=PdqHash.from_hex(digest), quality=_quality(quality) or 0)
        for name, digest, quality in rows
    )


def prepare_worker() -> None:
    """Import and try everything once, while files can still be opened."""
    from rempart.signals.warmup import warm_up

    warm_up()


def examine_in_worker(
    descriptor: int, plan: Mapping[str, Any], limits: Limits, progress: Callable[[], None]
) -> dict[str, Any]:
    """The worker's task: look at the file behind a descriptor. `plan` holds `probe_set` (a name, or None for digests
    only) and `facets`; the answer is `Examination.to_wire`'s form."""
    return examine(
        descriptor,
        probe_set=plan.get("probe_set"),
        facets=bool(plan.get("facets")),
        whole=bool(plan.get("whole")),
        limits=limits,
        progress=progress,
        room=_worker_room(),
    ).to_wire()


@cache
def _worker_room() -> PixelRoom:
    """A worker does one job at a time, and nothing of a picture is left when its job is done."""
    return PixelRoom()


def examine(
    descriptor: int,
    *,
    probe_set: str | None = "canonical",
    facets: bool = False,
    whole: bool = False,
    limits: Limits,
    progress: Callable[[], None] = lambda: None,
    room: PixelRoom | None = None,
    beside: Callable[[bytes], str] | None = None,
) -> Examination:
    """Look at a file in this process: for workers and tests. Never raises for what the file holds.

    The file is read by explicit offsets, so that a second worker can start over with the same descriptor. `beside` is
    handed the bytes of a picture that is decoded; what it gives stands in the answer. `whole`: as in a pool's `Plan`.
    """
    data: bytes | None = None
    try:
        content = _Content(descriptor, progress)
        media_type = sniff(content.head())
        if media_type is not None and probe_set is not None and content.size <= limits.file_bytes:
            data = content.whole(limits.file_bytes)
        digests = digest_stream(cast(BinaryIO, content)) if data is None else digest_bytes(data)
        content.finish()
    except OSError as err:
        reason = err.strerror or type(err).__name__
        return Examination(outcome=Outcome.UNREADABLE, error=f"The file could not be read: {reason}.")
    found = partial(
        Examination,
        media_type=media_type,
        size=digests.size,
        sha256=digests.sha256,
        sha1=digests.sha1,
        md5=digests.md5,
    )
    if media_type is None:
        return found(outcome=Outcome.NOT_MEDIA, error=None if digests.size else "The file is empty.")
    if probe_set is None:
        return found(outcome=Outcome.OK)
    if data is None:
        return found(
            outcome=Outcome.TOO_LARGE,
            error=f"The file has {digests.size} bytes, more than the limit of {limits.file_bytes}.",
        )
    if beside is not None:
        found = partial(found, beside=beside(data))
    return _hash_picture(data, found, probe_set=probe_set, facets=facets, whole=whole, limits=limits, room=room)


def _hash_picture(
    data: bytes,
    found: Callable[..., Examination],
    *,
    probe_set: str,
    facets: bool,
    whole: bool,
    limits: Limits,
    room: PixelRoom | None,
) -> Examination:
    from rempart.signals.decode import RECIPE, decode
    from rempart.signals.facets import make_facets

    try:
        decoded = decode(data, limits=limits, room=room)
        probes = _probes_of(decoded, probe_set)
        if whole:
            probes += probes_beneath(data, decoded, probe_set)
        del data
        keys = make_facets(decoded.pixels) if facets else ()
    except NotMediaError as err:
        return found(outcome=Outcome.NOT_MEDIA, error=str(err))
    except TooLargeError as err:
        return found(outcome=Outcome.TOO_LARGE, error=str(err))
    except MemoryError:
        return found(outcome=Outcome.TOO_LARGE, error="The picture needs more memory than the limit.")
    except RempartError as err:
        return found(outcome=Outcome.UNREADABLE, error=str(err)[:_MAX_TEXT])
    height, width = decoded.pixels.shape[:2]
    canonical = probes[0]
    return found(
        outcome=Outcome.LOW_QUALITY if canonical.quality < LOW_QUALITY_BELOW else Outcome.OK,
        pdq=canonical.hash,
        pdq_quality=canonical.quality,
        recipe=RECIPE,
        width=width,
        height=height,
        probes=probes,
        facets=keys,
    )


def _probes_of(decoded: Decoded, probe_set: str) -> tuple[Probe, ...]:
    from rempart.signals.pdq import pdq
    from rempart.signals.probes import Probe, make_probes

    if probe_set != "canonical":
        return make_probes(decoded, probe_set=probe_set)
    result = pdq(decoded.pixels)
    return (Probe(name="canonical", hash=result.hash, quality=result.quality),)


def probes_beneath(data: bytes, decoded: Decoded, probe_set: str) -> tuple[Probe, ...]:
    """The probes of what a picture holds beneath what it shows. Raises UnreadableImageError for one that moves, of
    which the first picture alone was looked at, and for one that cannot be read so."""
    from rempart.signals.beneath import beneath, moves
    from rempart.signals.decode import describe

    try:
        if moves(data, decoded.media_type):
            raise UnreadableImageError("The picture moves: only its first picture could be looked at.")
        under = beneath(data, decoded)
    except (RempartError, MemoryError):
        raise
    except Exception as err:  # as in `decode`: decoders raise almost anything
        raise UnreadableImageError(describe(err)) from err
    found = () if under is None else _probes_of(under, probe_set)
    return tuple(replace(one, name=f"beneath:{one.name}") for one in found if one.quality >= LOW_QUALITY_BELOW)


class _Content:
    """A regular file behind a descriptor, read at explicit offsets. OSError of any read passes through."""

    def __init__(self, descriptor: int, progress: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._progress = progress
        self._offset = 0
        self._told = 0
        self.size = os.lseek(descriptor, 0, os.SEEK_END)

    def head(self) -> bytes:
        """The first bytes; they are read again by what follows."""
        return os.pread(self._descriptor, HEAD_BYTES, 0)

    def read(self, count: int) -> bytes:
        """The next bytes, b"" at the end: what `digest_stream` asks for."""
        data = os.pread(self._descriptor, count, self._offset)
        self._offset += len(data)
        if self._offset - self._told >= PROGRESS_BYTES:
            self._told = self._offset
            self._progress()
        return data

    def whole(self, most: int) -> bytes | None:
        """All the bytes, or None, and back to the start, when there are more than `most`."""
        parts = []
        while self._offset <= most and (data := self.read(min(self.size, most) + 1)):
            parts.append(data)
        if self._offset <= most:
            return parts[0] if len(parts) == 1 else b"".join(parts)
        self._offset = self._told = 0
        return None

    def finish(self) -> None:
        """Reading is over: after a long file, the time for decoding starts now."""
        if self._told:
            self._progress()
