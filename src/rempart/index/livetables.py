"""What a live index is made of: tables of keys that are compared one by one, or searched by an index of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rempart.errors import CorruptFileError
from rempart.index.hamming import KEY_BYTES, HammingIndex, Hits
from rempart.index.prefixes import PREFIX_BYTES, PrefixTable
from rempart.index.sections import SectionFile, SectionWriter

_PREFIX = "live"


class Table(Protocol):
    """Keys by row."""

    def __len__(self) -> int: ...

    @property
    def keys(self) -> NDArray[np.uint8]: ...

    @property
    def nbytes(self) -> int: ...

    def search(self, queries: NDArray[np.uint8], radius: int) -> Hits: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Rows of an index: their ids, and the change that brought each."""

    table: Table
    ids: NDArray[np.int64]
    at: NDArray[np.int64]

    @property
    def nbytes(self) -> int:
        """Bytes of keys, tables and ids."""
        return self.table.nbytes + self.ids.nbytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """One kind of table: how many bytes a key has, and how keys become one.

    `loose` makes a table of a few keys at no cost, `tight` one that is searched fast; `order` is the order in which
    `tight` and files want the rows, None for any.
    """

    width: int
    file_kind: str
    loose: Callable[[NDArray[np.uint8]], Table]
    tight: Callable[[NDArray[np.uint8]], Table]
    order: Callable[[NDArray[np.uint8]], NDArray[np.int64]] | None
    into: Callable[[SectionWriter, NDArray[np.uint8]], None]
    open: Callable[[SectionFile], Table]

    def part(
        self, keys: NDArray[np.uint8], ids: NDArray[np.int64], at: NDArray[np.int64], *, indexed: bool = True
    ) -> Part:
        """Rows as a part; without `indexed` only put in order, for `write`."""
        if self.order is not None:
            order = self.order(keys)
            keys, ids, at = keys[order], ids[order], at[order]
        return Part(table=(self.tight if indexed else self.loose)(keys), ids=ids, at=at)

    def write(self, writer: SectionWriter, part: Part, mark: int) -> None:
        """Write a part as the base of change `mark`."""
        writer.add("mark", np.array([mark], "<i8"))
        writer.add(f"{_PREFIX}.ids", part.ids.astype("<i8", copy=False))
        self.into(writer, part.table.keys)

    def read(self, file: SectionFile) -> tuple[Part, int]:
        """The base in an open file, and its mark."""
        table = self.open(file)
        ids, mark = file.array(f"{_PREFIX}.ids", "<i8"), self.read_mark(file)
        if len(ids) != len(table):
            raise CorruptFileError(f"{file.path.name}: the sections do not fit together.")
        # Every row of the base was there at its mark; one number stands for all.
        at = np.broadcast_to(np.int64(mark), (len(table),))
        return Part(table=table, ids=ids, at=at), mark

    def read_mark(self, file: SectionFile) -> int:
        """The mark of an open file."""
        mark = file.checked("mark", "<i8")
        if len(mark) != 1:
            raise CorruptFileError(f"{file.path.name}: the sections do not fit together.")
        return int(mark[0])


HAMMING = Tables(
    width=KEY_BYTES,
    file_kind="rempart-live",
    loose=lambda keys: HammingIndex(keys, ()),
    tight=HammingIndex.from_keys,
    order=None,
    into=lambda writer, keys: HammingIndex.build_into(writer, keys, prefix=_PREFIX),
    open=lambda file: HammingIndex.from_file(file, _PREFIX, check=False),
)
PREFIXES = Tables(
    width=PREFIX_BYTES,
    file_kind="rempart-live-prefixes",
    loose=PrefixTable.unordered,
    tight=PrefixTable.from_keys,
    order=PrefixTable.order,
    into=lambda writer, keys: PrefixTable.build_into(writer, keys, prefix=_PREFIX),
    open=lambda file: PrefixTable.from_file(file, _PREFIX),
)
