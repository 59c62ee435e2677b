"""What became of a file, and the limits within which it was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LOW_QUALITY_BELOW = 50
"""PDQ quality under which a hash says too little to be looked up (`pdq/README.md` of ThreatExchange: discard <= 49)."""


class Outcome(StrEnum):
    """What became of one file. Only OK and LOW_QUALITY carry a PDQ hash; every other one is *not* "no match"."""

    OK = "ok"
    LOW_QUALITY = "low_quality"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    TIMED_OUT = "timed_out"
    NOT_MEDIA = "not_media"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one file may cost before it is given up as `too_large` or `timed_out`.

    `memory_bytes` is the address space of a whole worker process; a value below what an idle worker needs makes
    every picture `too_large`. `seconds` is wall time from the moment a worker starts on the file. `pixels` is
    width × height as the header says, checked before anything is decoded. A file over `file_bytes` still gets its
    digests. ValueError for values that are not positive.
    """

    memory_bytes: int = 2 << 30
    seconds: float = 20.0
    pixels: int = 200_000_000
    file_bytes: int = 256 << 20

    def __post_init__(self) -> None:
        for name in ("memory_bytes", "seconds", "pixels", "file_bytes"):
            if not getattr(self, name) > 0:
                raise ValueError(f"the limit {name} must be more than 0")
