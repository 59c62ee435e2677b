"""The worker's task of a check: a picture's signals, and what its file says of where it comes from."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from rempart.provenance.carried import packed
from rempart.provenance.origin.credentials import settings
from rempart.provenance.origin.reading import read_origin
from rempart.provenance.origin.trust import Roots, Trust
from rempart.signals import examine
from rempart.signals.outcome import Limits
from rempart.signals.room import PixelRoom

TASK = "rempart.provenance.examining:examine_in_worker"


@dataclass(slots=True)
class _Held:
    """What a worker holds from job to job: room for pixels, of which nothing is left after a job, and trusted roots."""

    room: PixelRoom = field(default_factory=PixelRoom)
    roots: Roots = field(default_factory=Roots)


@cache
def _held() -> _Held:
    return _Held()


def prepare_worker(folder: str = "") -> None:
    """Import and try everything once, while files can still be opened. With a data `folder`, the roots kept in it are
    those that count for as long as this worker lives."""
    from c2pa import C2paError, Context, Reader

    from rempart.signals.samples import samples

    examine.prepare_worker()
    if folder:
        _held().roots = Roots(pem=Trust.kept(Path(folder)).pem)
    pictures = samples()
    for data in pictures.values():
        _origin(data)
    with Context.from_dict(settings(_held().roots)) as context, suppress(C2paError):
        Reader.try_create("image/jpeg", io.BytesIO(pictures["image/jpeg"]), context=context)


def examine_in_worker(
    descriptor: int, plan: Mapping[str, Any], limits: Limits, progress: Callable[[], None]
) -> dict[str, Any]:
    """As `signals.examine.examine_in_worker`, with the origin in `beside`. A second attempt, which is for the digests
    alone, reads no origin: it may have been what ended the first."""
    return examine.examine(
        descriptor,
        probe_set=plan.get("probe_set"),
        facets=bool(plan.get("facets")),
        whole=bool(plan.get("whole")),
        limits=limits,
        progress=progress,
        room=_held().room,
        beside=_origin,
    ).to_wire()


def _origin(data: bytes) -> str:
    return packed(read_origin(data, trust=_held().roots))
