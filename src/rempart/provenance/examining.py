"""The worker's task of a check: a picture's signals, and what its file says of where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from rempart.provenance.carried import packed
from rempart.provenance.origin.reading import read_origin
from rempart.provenance.origin.trust import Trust
from rempart.signals import examine
from rempart.signals.outcome import Limits
from rempart.signals.room import PixelRoom

TASK = "rempart.provenance.examining:examine_in_worker"


def prepare_worker() -> None:
    """Import and try everything once, while files can still be opened."""
    from rempart.signals.samples import samples

    examine.prepare_worker()
    for data in samples().values():
        _origin(data)


def examine_in_worker(
    descriptor: int, plan: Mapping[str, Any], limits: Limits, progress: Callable[[], None]
) -> dict[str, Any]:
    """As `signals.examine.examine_in_worker`, with the origin in `beside`. A second attempt, which is for the digests
    alone, reads no origin: it may have been what ended the first."""
    return examine.examine(
        descriptor,
        probe_set=plan.get("probe_set"),
        facets=bool(plan.get("facets")),
        limits=limits,
        progress=progress,
        room=_worker_room(),
        beside=_origin,
    ).to_wire()


def _origin(data: bytes) -> str:
    return packed(read_origin(data, trust=_trust()))


@cache
def _trust() -> Trust:
    return Trust.shipped()


@cache
def _worker_room() -> PixelRoom:
    return PixelRoom()
