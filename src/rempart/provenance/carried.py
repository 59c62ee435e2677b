"""What a decode worker tells of a file's origin, as the short text that travels beside its signals and is kept."""

from __future__ import annotations

import json
from dataclasses import replace

from rempart.provenance.origin.values import Origin, Unread
from rempart.signals.examine import MOST_BESIDE
from rempart.signals.frames import FrameError

_FEW = 4
_NOTHING = Origin()


def packed(origin: Origin) -> str:
    """An origin as text of at most MOST_BESIDE characters; empty for a file that says nothing.

    Of what says more than fits, the declaration, the credentials' state and the first few of each thing are kept, and
    `unreadable` tells that there was more.
    """
    if origin == _NOTHING:
        return ""
    for some in (origin, _first_of(origin, _FEW), _first_of(origin, 0)):
        text = json.dumps(some.wire(), separators=(",", ":"), ensure_ascii=False)
        if len(text) <= MOST_BESIDE and len(text.encode("utf-8", "replace")) <= 2 * MOST_BESIDE:
            break
    return text


def unpacked(text: str | None) -> Origin | None:
    """The origin of a text that `packed` gave; None where nobody looked. Raises FrameError for anything else."""
    if text is None:
        return None
    if not text:
        return _NOTHING
    try:
        wire = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise FrameError from err
    if not isinstance(wire, dict):
        raise FrameError
    return Origin.from_wire(wire)


def _first_of(origin: Origin, few: int) -> Origin:
    signed = origin.credentials
    return replace(
        origin,
        grounds=origin.grounds[:few], source_types=origin.source_types[:few], fields=origin.fields[:few],
        unreadable=tuple(dict.fromkeys((*origin.unreadable, Unread.STRUCTURE))),
        credentials=replace(
            signed, failures=signed.failures[: few or 1], manifests=signed.manifests[: few or 1],
            gate=signed.gate[:few], soft_bindings=signed.soft_bindings[:few],
        ),
    )  # fmt: skip
