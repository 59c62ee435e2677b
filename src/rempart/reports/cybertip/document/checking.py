"""What is wrong with a document, before anything is sent: of records, and of XML, by the same table and rules.

1. Every element and attribute is one that the table knows, at its place, as often as it may be, and in the edition.
2. Every text is of its kind, length and range; times have a zone and are past.
3. The rules between parts hold (`rules`), and those of the whole: files of a batch, the same file twice, size.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice

from rempart.errors import RefusedError
from rempart.reports.cybertip.document import nodes, rules
from rempart.reports.cybertip.document.editions import DEFAULT, Edition
from rempart.reports.cybertip.document.nodes import Node
from rempart.reports.cybertip.document.problems import Fault, Problem, Reason
from rempart.reports.cybertip.document.reading import MOST_BYTES, read
from rempart.reports.cybertip.document.records import CyberTip
from rempart.reports.cybertip.document.shapes import Attribute, Child, Order, Shape, Variant
from rempart.reports.cybertip.document.table import FILE, REPORT
from rempart.reports.cybertip.document.values import Value, fault
from rempart.reports.cybertip.document.writing import written

MOST = 200
"""So many problems are told at most."""
_ANY_NUMBER, _ANY_FILE = 1, "0" * 32
"""In place of the numbers that the service has not given yet."""


class Root(StrEnum):
    """The two kinds of document."""

    REPORT = "report"
    FILE = "fileDetails"


_SHAPES = {Root.REPORT: REPORT, Root.FILE: FILE}


def problems(
    tip: CyberTip, *, now: datetime, may_classify: bool = False, edition: Edition = DEFAULT
) -> tuple[Problem, ...]:
    """All that keeps a document from being sent, in its order; empty for one that may go. `may_classify` is true only
    where the operator declared that the company may use the industry's classes."""
    return tuple(islice(_of_tip(tip, _Walk(now=now, edition=edition), may_classify=may_classify), MOST))


def problems_of_xml(
    data: bytes, kind: Root | str, *, now: datetime, may_classify: bool = True, edition: Edition = DEFAULT
) -> tuple[Problem, ...]:
    """The same of XML as somebody sent it: a report, or the details of a file."""
    root = Root(kind)
    node = read(data)
    if isinstance(node, Fault):
        return (Problem(field="", where="", name=root.value, fault=node),)
    if node.name != root:
        return (Problem(field="", where=_clean(node.name), name=root.value, fault=Fault(Reason.ROOT)),)
    walk = _Walk(now=now, edition=edition)
    return tuple(islice(_of_root(node, root, walk, where=root.value, may_classify=may_classify), MOST))


def _of_tip(tip: CyberTip, walk: _Walk, *, may_classify: bool) -> Iterator[Problem]:
    report = nodes.of_report(tip.report, edition=walk.edition)
    yield from _of_root(report, Root.REPORT, walk, where=Root.REPORT.value, may_classify=may_classify)
    yield from _size(report, "report")
    for number, details in enumerate(tip.files, 1):
        node = nodes.of_file(details, report_id=_ANY_NUMBER, file_id=_ANY_FILE, edition=walk.edition)
        where = f"{Root.FILE.value}[{number}]"
        yield from _of_root(node, Root.FILE, walk, where=where, may_classify=may_classify, field=f"files[{number}]")
        yield from _size(node, f"files[{number}]")
    if tip.report.batched_reason is not None and len(tip.files) != 1:
        yield Problem(field="files", where="", name=Root.FILE.value, fault=Fault(Reason.BATCH_FILES))
    times = Counter(file.ref for file in tip.files if file.ref)
    for number, details in enumerate(tip.files, 1):
        if times[details.ref] > 1:
            where = f"{Root.FILE.value}[{number}]"
            yield Problem(field=f"files[{number}]", where=where, name=Root.FILE.value, fault=Fault(Reason.SAME_FILE))


def _of_root(
    node: Node, root: Root, walk: _Walk, *, where: str, may_classify: bool, field: str = ""
) -> Iterator[Problem]:
    field = field or ("report" if root is Root.REPORT else "")
    yield from walk.shape(_SHAPES[root], node, _Place(field=field, where=where))
    broken = rules.of_report(node) if root is Root.REPORT else rules.of_file(node, may_classify=may_classify)
    for one in broken:
        name = one.where.rsplit("/", 1)[-1].partition("[")[0]
        yield Problem(field=_joined(field, one.field), where=f"{where}/{one.where}", name=name, fault=one.fault)


def _size(node: Node, field: str) -> Iterator[Problem]:
    try:
        over = len(written(node)) > MOST_BYTES
    except RefusedError:  # told of already, at the character
        return
    if over:
        yield Problem(field=field, where=node.name, name=node.name, fault=Fault(Reason.SIZE))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    field: str
    where: str

    def of(self, child: Child, number: int) -> _Place:
        """The place of a child; numbered where there may be several."""
        nth = "" if child.most == 1 else f"[{number}]"
        field = _joined(self.field, child.field) + nth if child.field else self.field
        return _Place(field=field, where=f"{self.where}/{child.name}{nth}")


def _joined(field: str, name: str) -> str:
    return f"{field}.{name}".strip(".")


def _clean(name: str) -> str:
    """A name that a stranger wrote, short and of plain letters."""
    return "".join(one if one.isascii() and (one.isalnum() or one in "_-:.") else "_" for one in name[:64])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walk:
    """One walk over elements beside the table."""

    now: datetime
    edition: Edition

    def shape(self, shape: Shape, node: Node, place: _Place) -> Iterator[Problem]:
        """What is wrong with an element, and with all in it."""
        yield from self._attributes(shape, node, place)
        if shape.text is not None:
            at = _Place(field=_joined(place.field, shape.field), where=place.where)
            yield from self.value(shape.text, node, at)
            return
        if node.text.strip(" \t\r\n") or (node.text and not shape.children):
            yield _problem(place, node.name, Reason.STRAY)
        yield from self._children(shape, node, place)

    def value(self, value: Value, node: Node, place: _Place) -> Iterator[Problem]:
        """What is wrong with an element that holds text alone."""
        if node.children:
            yield _problem(place, node.name, Reason.UNEXPECTED)
        elif (wrong := fault(value, node.text, now=self.now)) is not None:
            yield Problem(field=place.field, where=place.where, name=node.name, fault=wrong)

    def _attributes(self, shape: Shape, node: Node, place: _Place) -> Iterator[Problem]:
        known = {attribute.name: attribute for attribute in shape.attributes}
        for name, text in node.attributes.items():
            attribute = known.get(name)
            at = _of_attribute(place, name, attribute)
            if attribute is None:
                yield _problem(at, _clean(name), Reason.UNEXPECTED)
            elif not self._has(attribute.when):
                yield _problem(at, name, Reason.EDITION)
            elif (wrong := fault(attribute.value, text, now=self.now)) is not None:
                yield Problem(field=at.field, where=at.where, name=name, fault=wrong)
        for attribute in shape.attributes:
            if attribute.needed and self._has(attribute.when) and attribute.name not in node.attributes:
                yield _problem(_of_attribute(place, attribute.name, attribute), attribute.name, Reason.MISSING)

    def _children(self, shape: Shape, node: Node, place: _Place) -> Iterator[Problem]:
        known = {child.name: number for number, child in enumerate(shape.children)}
        seen: Counter[str] = Counter()
        last = 0
        for one in node.children:
            seen[one.name] += 1
            if one.name not in known:
                at = _Place(field=place.field, where=f"{place.where}/{_clean(one.name)}")
                yield _problem(at, _clean(one.name), Reason.UNEXPECTED)
                continue
            child, last, before = shape.children[known[one.name]], max(last, known[one.name]), last
            at = place.of(child, seen[one.name])
            yield from self._child(child, one, at)
            if not self._has(child.when):
                yield _problem(at, child.name, Reason.EDITION)
            elif child.most is not None and seen[child.name] > child.most:
                yield Problem(
                    field=at.field, where=at.where, name=child.name, fault=Fault(Reason.MANY, str(child.most))
                )
            elif shape.order is Order.SEQUENCE and known[child.name] < before:
                yield _problem(at, child.name, Reason.ORDER)
        yield from self._counts(shape, node, seen, place)

    def _child(self, child: Child, node: Node, place: _Place) -> Iterator[Problem]:
        if isinstance(child.of, Shape):
            yield from self.shape(child.of, node, place)
            return
        for name in node.attributes:
            yield _problem(_of_attribute(place, name, None), _clean(name), Reason.UNEXPECTED)
        yield from self.value(child.of, node, place)

    def _counts(self, shape: Shape, node: Node, seen: Counter[str], place: _Place) -> Iterator[Problem]:
        """What is missing, and what excludes each other."""
        if shape.order is Order.CHOICE and len(node.children) != 1:
            yield _problem(place, node.name, Reason.ONE_KIND)
        together: dict[str, list[Child]] = {}
        for child in shape.children:
            if seen[child.name] < child.least and self._has(child.when):
                yield _problem(place.of(child, seen[child.name] + 1), child.name, Reason.MISSING)
            if child.either and seen[child.name]:
                together.setdefault(child.either, []).append(child)
        for children in together.values():
            for child in children[1:]:
                yield _problem(place.of(child, 1), child.name, Reason.EITHER)

    def _has(self, when: Variant | None) -> bool:
        return when is None or when in self.edition.has


def _of_attribute(place: _Place, name: str, attribute: Attribute | None) -> _Place:
    field = _joined(place.field, attribute.field.lstrip("^")) if attribute is not None else place.field
    return _Place(field=field, where=f"{place.where}/@{_clean(name)}")


def _problem(place: _Place, name: str, reason: Reason) -> Problem:
    return Problem(field=place.field, where=place.where, name=name, fault=Fault(reason))
