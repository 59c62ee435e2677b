"""Plain hashes, one a line, with optional prefix; also what `md5sum`, `sha1sum` and `sha256sum` print."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from rempart.lists.bare import read_signals
from rempart.lists.entry import Entry
from rempart.lists.report import Reading, Refusal
from rempart.lists.vocabulary import ReadOptions, guess_signal, read_signal
from rempart.signals.values import Signal

NAME = "text"
_LINE = re.compile(rb"\s*(?:(?:pdq|md5|sha-?1|sha-?256)\s*:\s*)?[0-9a-fA-F]{8,128}(?:\s.*)?\Z", re.IGNORECASE)
_SUMS = re.compile(r"\\?([0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64}) [ *](.+)")
_SUM_KIND = {32: "md5", 40: "sha1", 64: "sha256"}


def detect(head: bytes) -> bool:
    """True when one of the first lines that is neither empty nor a comment looks like a hash."""
    lines = [line for line in head.splitlines()[:200] if line.strip() and not line.lstrip().startswith(b"#")]
    return not lines or any(_LINE.match(line) for line in lines[:20])


def read(stream: BinaryIO, *, options: ReadOptions) -> Iterator[Reading | Refusal]:
    """Yield an entry for each line: `kind:hex`, or bare digits (32 MD5, 40 SHA-1, 64 PDQ).

    `#` begins a comment. A digest followed by a file name, as checksum tools print it, is read as that tool
    means it: 64 digits are then SHA-256. Raises RefusedError when the named scheme has several codes.
    """
    yield from read_signals(stream, options=options, parse=_signal, comment="#")


def _signal(text: str) -> Signal:
    """The signal of one line; raises RefusedError."""
    sums = _SUMS.fullmatch(text)
    if sums:
        return read_signal(_SUM_KIND[len(sums[1])], sums[1])
    return guess_signal(text.partition("#")[0].strip())


def write(entries: Iterable[Entry], stream: BinaryIO) -> int:
    """Write `kind:hex` lines for the signals of pictures themselves; returns how many entries had none to write.

    The format carries no category: give it only entries that match, as `HashList.matching_entries` does.
    """
    left_out = 0
    for entry in entries:
        lines = [f"{one.signal.kind.value}:{one.signal}\n" for one in entry.signals if one.facet is None]
        stream.write("".join(lines).encode())
        left_out += not lines
    return left_out
