"""Files looked at in a decode worker for where they come from: bytes go there in a memory file, what they say comes
back behind them.

Roots that are trusted go with each file; keys never do. So that marks can be read all the same, the worker answers with
the picture's brightness at the size at which marks are read, and whoever holds the keys looks for them there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rempart.errors import NotMediaError, RempartError, TooLargeError, UnreadableImageError
from rempart.provenance.origin.trust import Roots, Trust
from rempart.provenance.origin.values import Origin
from rempart.signals import memoryfile
from rempart.signals.examine import Examination
from rempart.signals.frames import FrameError
from rempart.signals.mediatype import HEAD_BYTES, sniff
from rempart.signals.outcome import LOW_QUALITY_BELOW, Limits, Outcome
from rempart.signals.pool import Job, Plan, WorkerPool

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TASK = "rempart.provenance.origin.working:origin_in_worker"

_LENGTH = 8
_ROOM = 16 << 20
_MOST_TEXT = 256 << 10
_MOST_PROMPTS = 12 << 20
_LARGEST_PLANE = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What became of a file. `origin` is None only where the file ended its worker, or was too large to be read;
    `plane` is its brightness, uint8 (height, width), for a search for marks, where it was asked for and decoded."""

    key: object
    sha256: bytes
    examination: Examination
    origin: Origin | None = None
    plane: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _OriginPlan(Plan):
    """One plan for all files. `pixels`: decode it too, for its hash, hidden text and marks; `prompts`: only these."""

    pixels: bool = False
    prompts: bool = False

    def wire(self) -> dict[str, Any]:
        return {"pixels": self.pixels, "prompts": self.prompts}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    key: object
    descriptor: int
    size: int
    sha256: bytes


def origin_pool(*, workers: int = 1, limits: Limits) -> WorkerPool:
    """Workers for `looked_at` and `prompts_in`."""
    return WorkerPool(workers=workers, limits=limits, task=TASK, waiting=64)


def looked_at(
    pool: WorkerPool, files: Iterable[tuple[object, bytes | memoryview]], *, trust: Trust, pixels: bool = True
) -> Iterator[Looked]:
    """What each file (key, bytes) says of its origin, as they are ready. Never raises for what a file holds.

    Raises UnavailableError when no worker can be started, or memory is short; and whatever `files` raises.
    """
    for one, found, answer in _asked(pool, files, Roots(pem=trust.pem), _OriginPlan(pixels=pixels)):
        try:
            origin, plane = _read(answer) if answer else (None, None)
        except FrameError:
            found = Examination(outcome=Outcome.UNREADABLE, error="The decoder answered nonsense.")
            origin = plane = None
        yield Looked(key=one.key, sha256=one.sha256, examination=found, origin=origin, plane=plane)


def prompts_in(pool: WorkerPool, data: bytes | memoryview) -> tuple[tuple[str, str], ...]:
    """The texts in a file that somebody typed, by field. For a logged reveal alone; also while `looked_at` goes on.

    Raises UnreadableImageError for a file that ended its worker or is too large, and UnavailableError.
    """
    descriptor = _memory_file(data, Roots())
    try:
        found = pool.examine(os.dup(descriptor), _OriginPlan(prompts=True))
        one = _Sent(key=None, descriptor=descriptor, size=len(data), sha256=b"")
        answer = _answer(one, found) if found.outcome is Outcome.OK else None
    finally:
        os.close(descriptor)
    if answer is None:
        raise UnreadableImageError(found.error or "")
    try:
        return _texts(answer)
    except FrameError as err:
        raise UnreadableImageError("The decoder answered nonsense.") from err


def _asked(
    pool: WorkerPool, files: Iterable[tuple[object, bytes | memoryview]], roots: Roots, plan: _OriginPlan
) -> Iterator[tuple[_Sent, Examination, bytes | None]]:
    sent: dict[int, _Sent] = {}

    def jobs() -> Iterator[Job]:
        for key, data in files:
            descriptor = _memory_file(data, roots)
            one = _Sent(key=key, descriptor=descriptor, size=len(data), sha256=hashlib.sha256(data).digest())
            sent[descriptor] = one
            yield Job(key=one, source=os.dup(descriptor))

    try:
        for job, found in pool.map(jobs(), plan):
            one = job.key
            assert isinstance(one, _Sent)
            try:
                yield one, found, _answer(one, found)
            finally:
                os.close(sent.pop(one.descriptor).descriptor)
    finally:
        for one in sent.values():
            os.close(one.descriptor)


def _memory_file(data: bytes | memoryview, roots: Roots) -> int:
    """The bytes, then room for an answer. Until that is there, the roots stand in it; the bytes' length at its end."""
    descriptor = memoryfile.memory_file(memoryview(data), room=_ROOM)
    pem, start = roots.pem.encode(), memoryfile.after(len(data))
    os.pwrite(descriptor, len(pem).to_bytes(_LENGTH, "little") + pem, start)
    os.pwrite(descriptor, len(data).to_bytes(_LENGTH, "little"), start + _ROOM - _LENGTH)
    return descriptor


def _answer(one: _Sent, found: Examination) -> bytes | None:
    """What the worker wrote, copied out once; None when it wrote nothing, or nonsense."""
    size = found.size or 0
    return os.pread(one.descriptor, size, memoryfile.after(one.size)) if 0 < size <= _ROOM - _LENGTH else None


def _read(answer: bytes) -> tuple[Origin, NDArray[np.uint8] | None]:
    """Origin and plane from what a worker wrote, every length and field checked. Raises FrameError."""
    import numpy as np

    size = int.from_bytes(answer[:_LENGTH], "little")
    if not 0 < size <= _MOST_TEXT:
        raise FrameError
    try:
        wire = json.loads(answer[_LENGTH : _LENGTH + size])
        origin = Origin.from_wire(wire["origin"])
        height, width = wire["plane"] or (0, 0)
    except (ValueError, KeyError, TypeError, RecursionError) as err:
        raise FrameError from err
    rest = answer[_LENGTH + size :]
    if type(height) is not int or type(width) is not int or not 0 <= min(height, width) <= _LARGEST_PLANE:
        raise FrameError
    if len(rest) != height * width:
        raise FrameError
    plane = np.frombuffer(rest, np.uint8).reshape(height, width) if rest else None
    return origin, plane


def _texts(answer: bytes) -> tuple[tuple[str, str], ...]:
    try:
        found = [(name, text) for name, text in json.loads(answer)]
    except (ValueError, TypeError, RecursionError) as err:
        raise FrameError from err
    if any(not isinstance(part, str) for pair in found for part in pair):
        raise FrameError
    return tuple(found)


def prepare_worker() -> None:
    """Import and try everything once, while files can still be opened."""
    import io

    import cv2
    import numpy as np
    from c2pa import C2paError, Context, Reader

    from rempart.provenance.origin.credentials import settings
    from rempart.provenance.origin.hidden import hidden_in
    from rempart.provenance.origin.reading import prompts_of, read_origin
    from rempart.provenance.watermark.canonical import luma_of
    from rempart.signals.samples import samples
    from rempart.signals.warmup import warm_up

    warm_up()
    cv2.setNumThreads(1)
    pictures = samples()
    for data in pictures.values():
        read_origin(data, trust=Roots())
        prompts_of(data)
        hidden_in(data, limits=Limits())
    with Context.from_dict(settings(Roots())) as context:
        with suppress(C2paError):
            Reader.try_create("image/jpeg", io.BytesIO(pictures["image/jpeg"]), context=context)
    luma_of(np.zeros((600, 700, 3), np.uint8))
    memoryfile.prepare()


def origin_in_worker(
    descriptor: int, plan: Mapping[str, Any], limits: Limits, progress: Callable[[], None]
) -> dict[str, Any]:
    """The worker's task; the answer is `Examination.to_wire`'s form, with the size of what was written behind the
    bytes. A second try, after a first one ended the worker, reads what a file says and leaves its pixels alone."""
    total = os.lseek(descriptor, 0, os.SEEK_END)
    size = int.from_bytes(os.pread(descriptor, _LENGTH, total - _LENGTH), "little")
    if size > limits.file_bytes:
        error = f"The file has {size} bytes, more than the limit of {limits.file_bytes}."
        return Examination(outcome=Outcome.TOO_LARGE, error=error).to_wire()
    data = memoryfile.first(descriptor, size)
    start = memoryfile.after(size)
    if plan.get("prompts"):
        found, answer = Examination(outcome=Outcome.OK), _prompts(data, limits)
    else:
        roots = int.from_bytes(os.pread(descriptor, _LENGTH, start), "little")
        pem = os.pread(descriptor, min(roots, _ROOM), start + _LENGTH).decode()
        found, answer = _looked(data, Roots(pem=pem), limits, pixels=bool(plan.get("pixels")))
    memoryfile.write(descriptor, start, answer)
    return {**found.to_wire(), "size": len(answer)}


def _prompts(data: bytes, limits: Limits) -> bytes:
    from rempart.provenance.origin.hidden import hidden_in
    from rempart.provenance.origin.reading import prompts_of

    left, rows = _MOST_PROMPTS // 6, []  # six bytes at most for a character, as JSON writes it
    for name, text in prompts_of(data, more=hidden_in(data, limits=limits)):
        rows.append([name[:100], text[:left]])
        left -= len(rows[-1][1])
    return json.dumps(rows).encode()


def _looked(data: bytes, roots: Roots, limits: Limits, *, pixels: bool) -> tuple[Examination, bytes]:
    from rempart.provenance.origin.hidden import hidden_in
    from rempart.provenance.origin.reading import read_origin

    found = Examination(outcome=Outcome.OK, media_type=sniff(data[:HEAD_BYTES]))
    plane: NDArray[np.uint8] | None = None
    more = None
    if found.media_type is None:
        found = Examination(outcome=Outcome.NOT_MEDIA, error=None if data else "The file is empty.")
    elif pixels:
        found, plane = _decoded(data, limits)
        more = hidden_in(data, limits=limits)
    origin = read_origin(data, trust=roots, more=more)
    wire = json.dumps({"origin": origin.wire(), "plane": None if plane is None else plane.shape}).encode()
    rest = b"" if plane is None else plane.tobytes()
    return found, len(wire).to_bytes(_LENGTH, "little") + wire + rest


def _decoded(data: bytes, limits: Limits) -> tuple[Examination, NDArray[np.uint8] | None]:
    import numpy as np

    from rempart.provenance.watermark.canonical import SMALLEST, luma_of
    from rempart.signals.decode import RECIPE, decode
    from rempart.signals.pdq import pdq

    media_type = sniff(data[:HEAD_BYTES])
    try:
        decoded = decode(data, limits=limits)
        hashed = pdq(decoded.pixels)
        # Half the smallest: smaller ones are not searched, whatever size they are brought to.
        large = min(decoded.pixels.shape[:2]) >= SMALLEST // 2
        plane = np.rint(luma_of(decoded.pixels)).astype(np.uint8) if large else None
    except NotMediaError as err:
        return Examination(outcome=Outcome.NOT_MEDIA, error=str(err)[:200]), None
    except (TooLargeError, MemoryError) as err:
        return Examination(outcome=Outcome.TOO_LARGE, media_type=media_type, error=str(err)[:200]), None
    except RempartError as err:
        return Examination(outcome=Outcome.UNREADABLE, media_type=media_type, error=str(err)[:200]), None
    height, width = decoded.pixels.shape[:2]
    return Examination(
        outcome=Outcome.LOW_QUALITY if hashed.quality < LOW_QUALITY_BELOW else Outcome.OK,
        media_type=media_type, pdq=hashed.hash, pdq_quality=hashed.quality, recipe=RECIPE, width=width, height=height,
    ), plane  # fmt: skip
