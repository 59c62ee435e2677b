"""Label and mark put on in a decode worker: a picture's bytes go there in a memory file, the new file comes back.

What comes back was made by a process that decoded untrusted bytes: its lengths and fields are checked, and its first
bytes have to be those of a picture of the kind that was sent.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rempart.errors import NotMediaError, NotStampableError, RempartError, TooLargeError, UnreadableImageError
from rempart.provenance.stamp.labels import Label
from rempart.signals import memoryfile
from rempart.signals.examine import Examination
from rempart.signals.mediatype import HEAD_BYTES, sniff
from rempart.signals.outcome import Limits, Outcome
from rempart.signals.pool import Plan, WorkerPool
from rempart.signals.values import PdqHash

TASK = "rempart.provenance.stamp.making:make_in_worker"

_LENGTHS = 16
_ROOM = 192 << 20
_MOST_HEADER = 64 << 10
_MOST_NAMES = 64
_REFUSED = "refused:"


@dataclass(frozen=True, slots=True, kw_only=True)
class MakingPlan(Plan):
    """What to put on the `size` bytes at the start of a file, into its rest."""

    size: int
    record: int
    key: bytes = field(repr=False)
    label: Label

    def wire(self) -> dict[str, Any]:
        """The plan as the worker is told it; without `record` it would have nothing to do."""
        told = self.label
        return {
            "record": self.record, "key": self.key.hex(), "size": self.size, "probe_set": self.probe_set,
            "label": {"source_type": told.source_type, "system": told.system, "version": told.system_version},
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A labelled and marked file, and its hash. `psnr_db` is None for a picture without a mark: `unmarked` says why.
    `examination`: what it was before."""

    data: bytes = field(repr=False)
    media_type: str
    psnr_db: float | None
    unmarked: str | None
    replaced: tuple[str, ...]
    pdq: PdqHash | None
    pdq_quality: int | None
    width: int
    height: int
    examination: Examination


def making_pool(*, workers: int = 1, limits: Limits) -> WorkerPool:
    """Workers for `make`; each starts when it is first needed."""
    return WorkerPool(workers=workers, limits=limits, task=TASK, waiting=64)


def make(
    pool: WorkerPool, data: bytes, *, record: int, key: bytes, label: Label, probe_set: str | None = None,
    timeout: float | None = None,
) -> Made:  # fmt: skip
    """The picture with its label and its mark, made by a worker.

    Raises NotMediaError, UnreadableImageError, TooLargeError and NotStampableError for what the bytes hold, and
    UnavailableError when no worker was free in time, none can be started, or memory is short.
    """
    descriptor = memoryfile.memory_file(memoryview(data), room=_ROOM)
    try:
        plan = MakingPlan(size=len(data), record=record, key=key, label=label, probe_set=probe_set)
        found = pool.examine(os.dup(descriptor), plan, timeout=timeout)
        if found.outcome not in (Outcome.OK, Outcome.LOW_QUALITY):
            raise _error(found)
        return _read(descriptor, found, start=memoryfile.after(len(data)), kind=sniff(data[:HEAD_BYTES]))
    finally:
        os.close(descriptor)


def _error(found: Examination) -> RempartError:
    said = found.error or ""
    if said.startswith(_REFUSED):
        return NotStampableError(said.removeprefix(_REFUSED))
    kind = {Outcome.NOT_MEDIA: NotMediaError, Outcome.TOO_LARGE: TooLargeError}.get(found.outcome, UnreadableImageError)
    if found.outcome is Outcome.TIMED_OUT:
        return UnreadableImageError("The picture took too long to read.")
    return kind(said)


def _read(descriptor: int, found: Examination, *, start: int, kind: str | None) -> Made:
    """Raises UnreadableImageError for an answer that cannot be right."""
    lengths = os.pread(descriptor, _LENGTHS, start)
    told, size = int.from_bytes(lengths[:8], "little"), int.from_bytes(lengths[8:], "little")
    try:
        if not (0 < told <= _MOST_HEADER and 0 < size <= _ROOM - _LENGTHS - told):
            raise ValueError("lengths")
        header = json.loads(os.pread(descriptor, told, start + _LENGTHS))
        data = os.pread(descriptor, size, start + _LENGTHS + told)
        if len(data) != size or kind is None or sniff(data[:HEAD_BYTES]) != kind:
            raise ValueError("not such a picture")
        return Made(data=data, media_type=kind, examination=found, **_fields(header))
    except (ValueError, TypeError, KeyError, RempartError) as err:
        raise UnreadableImageError("The decoder answered nonsense.") from err


def _fields(header: Any) -> dict[str, Any]:
    psnr, names, pdq, quality = header["psnr"], header["replaced"], header["pdq"], header["quality"]
    if not (psnr is None or (isinstance(psnr, float) and 0 < psnr < 200)) or not isinstance(names, list):
        raise ValueError("fields")
    if any(not isinstance(one, str) or len(one) > 40 or not one.isprintable() for one in names[:_MOST_NAMES]):
        raise ValueError("names")
    if header["unmarked"] not in (None, "too_small", "not_found") or (psnr is None) is (header["unmarked"] is None):
        raise ValueError("mark")
    if type(quality) is not int or not 0 <= quality <= 100:
        raise ValueError("quality")
    if any(type(header[edge]) is not int or header[edge] < 1 for edge in ("width", "height")):
        raise ValueError("size")
    return {
        "psnr_db": psnr, "unmarked": header["unmarked"], "replaced": tuple(names[:_MOST_NAMES]),
        "pdq": PdqHash.from_hex(pdq), "pdq_quality": quality, "width": header["width"], "height": header["height"],
    }  # fmt: skip


def prepare_worker() -> None:
    """Import and try everything once, while files can still be opened."""
    import cv2
    import numpy as np

    from rempart.provenance.stamp.marking import marked
    from rempart.signals.samples import samples
    from rempart.signals.warmup import warm_up

    warm_up()
    cv2.setNumThreads(1)
    for kind in ("image/jpeg", "image/png", "image/webp"):
        marked(samples()[kind], record=1, key=bytes(32), label=Label(source_type=""), limits=Limits(), probe_set=None)
    noise = np.random.default_rng(1).integers(0, 256, (256, 256, 3), np.uint8)
    marked(_written(noise), record=1, key=bytes(32), label=Label(source_type=""), limits=Limits(), probe_set=None)
    memoryfile.prepare()


def make_in_worker(
    descriptor: int, plan: Mapping[str, Any], limits: Limits, progress: Callable[[], None]
) -> dict[str, Any]:
    """The worker's task; the answer is `Examination.to_wire`'s form, of the picture as it came."""
    if "record" not in plan:  # the first attempt ended badly, and there is nothing else to be made of it
        return Examination(outcome=Outcome.OK).to_wire()
    return _made(descriptor, plan, limits).to_wire()


def _made(descriptor: int, plan: Mapping[str, Any], limits: Limits) -> Examination:
    from rempart.provenance.stamp.marking import marked

    told = plan["label"]
    label = Label(source_type=told["source_type"], system=told["system"], system_version=told["version"])
    try:
        data = memoryfile.first(descriptor, plan["size"])
        found, header, made = marked(
            data, record=plan["record"], key=bytes.fromhex(plan["key"]), label=label, limits=limits,
            probe_set=plan["probe_set"],
        )  # fmt: skip
    except NotMediaError as err:
        return Examination(outcome=Outcome.NOT_MEDIA, error=str(err)[:200])
    except (TooLargeError, MemoryError) as err:
        return Examination(outcome=Outcome.TOO_LARGE, error=str(err)[:200])
    except NotStampableError as err:
        return Examination(outcome=Outcome.UNREADABLE, error=f"{_REFUSED}{err}"[:300])
    except RempartError as err:
        return Examination(outcome=Outcome.UNREADABLE, error=str(err)[:200])
    text = json.dumps(header).encode()
    start = memoryfile.after(plan["size"])
    whole = len(text).to_bytes(8, "little") + len(made).to_bytes(8, "little") + text + made
    if len(whole) > os.lseek(descriptor, 0, os.SEEK_END) - start:
        return Examination(outcome=Outcome.TOO_LARGE, error="The picture has more bytes than there is room for.")
    memoryfile.write(descriptor, start, whole)
    return found


def _written(pixels: Any) -> bytes:
    import io

    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", compress_level=1)
    return stream.getvalue()
