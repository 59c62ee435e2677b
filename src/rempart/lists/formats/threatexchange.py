"""The `threatexchange` package's local file: `<signal type> <value>` or only the value, one a line.

Follows python-threatexchange's `file_api.py`, which names the types it finds in the first word of a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from rempart.errors import RefusedError
from rempart.lists.bare import read_signals
from rempart.lists.entry import Entry
from rempart.lists.report import Reading, Refusal
from rempart.lists.vocabulary import ReadOptions, guess_signal, read_signal
from rempart.signals.values import Signal, SignalKind

NAME = "threatexchange"
_LINE = re.compile(rb"\s*(?:pdq|video_md5|video_sha256|raw_text|url|url_md5|trend_query|vpdq|photo_md5)[ \t]+\S", re.I)
# Its names for exact digests of a file's bytes. `url_md5` is the digest of an address and is no digest of content.
_KINDS = {"pdq": "pdq", "video_md5": "md5", "photo_md5": "md5", "video_sha256": "sha256"}


def detect(head: bytes) -> bool:
    """True when one of the first lines begins with one of the package's signal types and a blank."""
    return any(_LINE.match(line) for line in head.splitlines()[:20])


def read(stream: BinaryIO, *, options: ReadOptions) -> Iterator[Reading | Refusal]:
    """Yield an entry for each line; signal types that Rempart cannot match are refused by name.

    Raises RefusedError when the named scheme has several codes.
    """
    yield from read_signals(stream, options=options, parse=_signal)


def _signal(text: str) -> Signal:
    """The signal of one line; raises RefusedError."""
    words = text.split(None, 1)
    if len(words) == 1:
        return guess_signal(words[0])
    kind = _KINDS.get(words[0].lower())
    if kind is None:
        raise RefusedError(f"signal type {words[0][:20]!r} cannot be matched here")
    return read_signal(kind, words[1])


def write(entries: Iterable[Entry], stream: BinaryIO) -> int:
    """Write `pdq <hex>` lines, the one signal of pictures that the package can match; returns the entries left out.

    The format carries no category: give it only entries that match, as `HashList.matching_entries` does.
    """
    left_out = 0
    for entry in entries:
        hashes = [one.signal for one in entry.signals if one.signal.kind is SignalKind.PDQ and one.facet is None]
        stream.write("".join(f"pdq {signal}\n" for signal in hashes).encode())
        left_out += not hashes
    return left_out
