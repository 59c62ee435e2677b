"""Checking a whole list file: every block's checksum, and that its tables agree with each other."""

from __future__ import annotations

import codecs
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rempart.errors import CorruptFileError
from rempart.index.digest import DigestIndex
from rempart.lists.build import OPINIONS
from rempart.lists.entry import Disposition, Opinion
from rempart.lists.hashlist import HashList
from rempart.lists.layout import KINDS, NO_CATEGORY
from rempart.lists.schemes import parse_scheme


def verify(opened: HashList) -> tuple[str, ...]:
    """Check everything; returns what was checked, in words. Raises CorruptFileError naming the section.

    1. every block of every section agrees with its checksum; 2. the ends of ids, details and signals ascend and
    fill their sections, and ids are text; 3. categories, opinions and dispositions exist and agree; 4. each kind's
    keys are distinct and ascending; 5. each key's entries, and each entry's signals, exist.
    """
    file = opened.file
    name = file.path.name
    file.verify()  # 1
    rows = len(opened)
    for column, target in (("signals", "signal.kind"), ("ids", "ids"), ("details", "details")):  # 2
        _ascending(name, f"entry.{column}", file.array(f"entry.{column}", "<u8"), file.length(target))
    _check_text(name, "ids", file.bytes("ids"))
    _check_dispositions(opened)  # 3
    kinds = file.array("signal.kind", "u1")
    place = file.array("signal.key", "<u4")
    attributes = len(opened.attributes())
    _below(name, "signal.kind", kinds, len(KINDS))
    _below(name, "signal.attribute", file.array("signal.attribute", "<u4"), attributes)
    for number, kind in enumerate(KINDS):
        mine = place[kinds == number]
        if kind not in opened.kinds:
            _below(name, "signal.kind", mine, 0)
            continue
        index = opened.index(kind)
        if not (index.ascends if isinstance(index, DigestIndex) else _ascend(index.keys)):  # 4
            raise _wrong(name, f"{kind.value} index")
        _below(name, "signal.key", mine, len(index))  # 5
        entries = file.array(f"{kind.value}.entries", "<u4")
        _ascending(name, f"{kind.value}.postings", file.array(f"{kind.value}.postings", "<u4"), len(entries))
        _below(name, f"{kind.value}.entries", entries, rows)
        _below(name, f"{kind.value}.attributes", file.array(f"{kind.value}.attributes", "<u4"), attributes)
    return (
        f"{len(file.names)} sections, {file.size} bytes: checksums agree",
        f"{rows} entries, {len(place)} signals: every reference holds",
    )


def _check_dispositions(opened: HashList) -> None:
    file = opened.file
    state, category = file.array("entry.disposition", "u1"), file.array("entry.category", "<u2")
    opinion = file.array("entry.opinion", "u1")
    _below(file.path.name, "entry.disposition", state, len(Disposition))
    _below(file.path.name, "entry.opinion", opinion, len(OPINIONS))
    schemes = {scheme.id: scheme for scheme in (parse_scheme(row, where="meta") for row in opened.schemes)}
    wanted = np.full(NO_CATEGORY + 1, 255, np.uint8)
    wanted[NO_CATEGORY] = Disposition.UNCATEGORISED
    for number, one in enumerate(opened.category_table):
        code = schemes[one.scheme].find(one.code) if one.scheme in schemes else None
        if code is None:
            raise _wrong(file.path.name, "meta")
        wanted[number] = code.disposition
    _below(file.path.name, "entry.category", wanted[category], len(Disposition))
    negative = opinion == OPINIONS.index(Opinion.NEGATIVE)
    told = np.where(negative, int(Disposition.NEGATIVE), wanted[category])
    if not bool(np.all((state == told) | (state == int(Disposition.WITHDRAWN)))):
        raise _wrong(file.path.name, "entry.disposition")


def _ascending(name: str, section: str, ends: NDArray[Any], limit: int) -> None:
    if int(ends[0]) != 0 or int(ends[-1]) != limit or bool(np.any(ends[1:] < ends[:-1])):
        raise _wrong(name, section)


def _below(name: str, section: str, values: NDArray[Any], limit: int) -> None:
    if len(values) and int(values.max()) >= limit:
        raise _wrong(name, section)


def _check_text(name: str, section: str, data: memoryview) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), 1 << 20):
            decoder.decode(bytes(data[start : start + (1 << 20)]))
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as err:
        raise _wrong(name, section) from err


def _ascend(keys: NDArray[np.uint8]) -> bool:
    step = 1 << 18
    for start in range(0, len(keys), step):
        part = keys[max(0, start - 1) : start + step]
        different = part[1:] != part[:-1]
        first = np.argmax(different, axis=1)
        line = np.arange(len(first))
        if not bool(np.all(different[line, first] & (part[1:][line, first] > part[:-1][line, first]))):
            return False
    return True


def _wrong(name: str, section: str) -> CorruptFileError:
    return CorruptFileError(f"{name}: section {section} does not fit the others.", hint="Build the list again.")
