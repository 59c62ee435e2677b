"""The formats by name, in the order in which they are tried on an unknown file."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Protocol, cast

from rempart.errors import ListFormatError
from rempart.lists.entry import Entry
from rempart.lists.report import Reading, Refusal
from rempart.lists.vocabulary import ReadOptions

NAMES = ("vics", "jsonl", "csv", "threatexchange", "text")


class Format(Protocol):
    """What each module of `rempart.lists.formats` offers."""

    NAME: str

    def detect(self, head: bytes) -> bool:
        """True when a file that begins so is in this format; `head` is UTF-8 and may end anywhere."""

    def read(self, stream: BinaryIO, *, options: ReadOptions) -> Iterator[Reading | Refusal]:
        """Yield entries and refused lines as they are read; raises RefusedError when the whole file is foreign."""

    def write(self, entries: Iterable[Entry], stream: BinaryIO) -> int:
        """Write entries as far as the format can carry them; returns how many it left out whole."""


def format_named(name: str) -> Format:
    """The format of that name, which is one of NAMES."""
    if name not in NAMES:
        raise ListFormatError(f"There is no list format {name!r}.", hint="Known: " + ", ".join(NAMES) + ".")
    return cast(Format, importlib.import_module(f"rempart.lists.formats.{name}"))


def detect(head: bytes, *, origin: str) -> Format:
    """The format of a file by its first bytes; raises ListFormatError naming the choices."""
    for name in NAMES:
        candidate = format_named(name)
        if candidate.detect(head):
            return candidate
    raise ListFormatError(
        f"{origin} is not a hash list in any format that is known here.", hint="Name it: --format " + "|".join(NAMES)
    )
