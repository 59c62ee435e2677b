"""The tables of a list file as they are read: what it says of itself, and the keys of each kind of signal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rempart.errors import ForeignFileError
from rempart.index.digest import DigestIndex
from rempart.index.hamming import HammingIndex
from rempart.index.sections import SectionFile
from rempart.lists.entry import Category
from rempart.lists.layout import FORMAT_VERSION, Attribute
from rempart.signals.values import SIGNAL_TYPES, Signal, SignalKind

_REPORTED = {"signals", "keys", "sources", "duplicates_merged", "superseded", "low_quality"}
_SOURCE = {"origin", "format", "read", "refused"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListKeys:
    """One kind's index with the entries behind each key: those of key r stand at postings[r] to postings[r+1]."""

    kind: SignalKind
    index: HammingIndex | DigestIndex
    postings: NDArray[np.uint32]
    entries: NDArray[np.uint32]
    attributes: NDArray[np.uint32]

    def signal(self, row: int) -> Signal:
        """The key of a row below `len(index)`."""
        # The builder hands digests over in ascending order, so that a digest's rank is its row.
        key = self.index.nth(row) if isinstance(self.index, DigestIndex) else self.index.keys[row].tobytes()
        return SIGNAL_TYPES[self.kind](key)


def read_meta(file: SectionFile) -> dict[str, Any]:
    """What a list file says of itself. Raises ForeignFileError, and much else where it is damaged."""
    meta = json.loads(bytes(file.checked("meta", np.uint8)))
    if meta["version"] != FORMAT_VERSION:
        raise ForeignFileError(f"{file.path.name} is a list of format {meta['version']!r}; this Rempart reads 1.")
    texts = all(isinstance(meta[name], str) for name in ("name", "created"))
    tables = all(isinstance(meta[name], list) for name in ("schemes", "categories", "kinds"))
    if not (texts and tables and _is_report(meta["report"])):
        raise TypeError("meta")
    return dict(meta)


def _is_report(report: Any) -> bool:
    """Whether a report has what `list show` tells of it."""
    if not (isinstance(report, dict) and report.keys() >= _REPORTED and isinstance(report["sources"], list)):
        return False
    counts = [report["signals"], report["keys"]]
    counted = all(isinstance(one, dict) for one in counts) and report["signals"].keys() <= report["keys"].keys()
    return counted and all(isinstance(one, dict) and one.keys() >= _SOURCE for one in report["sources"])


def category_of(scheme: object, code: object) -> Category:
    """A category as it stands in the file. Raises TypeError for what is none."""
    if not (isinstance(scheme, str) and isinstance(code, str)):
        raise TypeError("category")
    return Category(scheme=scheme, code=code)


def attribute_of(recipe: object, quality: object, facet: object) -> Attribute:
    """The recipe, quality and facet of a signal as they stand in the file. Raises TypeError for what is none."""
    if isinstance(recipe, str | None) and isinstance(quality, int | None) and isinstance(facet, str | None):
        return Attribute(recipe, quality, facet)
    raise TypeError("attribute")


def open_keys(file: SectionFile, kind: SignalKind) -> ListKeys:
    """The keys of a kind, mapped. Raises ValueError where their tables do not fit each other."""
    source = HammingIndex if kind is SignalKind.PDQ else DigestIndex
    index = source.from_file(file, kind.value)
    postings = file.array(f"{kind.value}.postings", "<u4")
    entries, attributes = (file.array(f"{kind.value}.{name}", "<u4") for name in ("entries", "attributes"))
    if len(postings) != len(index) + 1 or len(entries) != len(attributes):
        raise ValueError("lengths")
    return ListKeys(kind=kind, index=index, postings=postings, entries=entries, attributes=attributes)
