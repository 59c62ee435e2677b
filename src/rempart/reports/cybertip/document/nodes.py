"""Elements as plain values, between records and XML: made from records by the table, or read from XML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

from rempart.reports.cybertip.document.editions import Edition
from rempart.reports.cybertip.document.records import FileDetails, Report
from rempart.reports.cybertip.document.shapes import Attribute, Child, Order, Shape
from rempart.reports.cybertip.document.table import FILE, REPORT


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An element: its attributes, its own text, and the elements in it."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    children: tuple[Node, ...] = ()


def of_report(report: Report, *, edition: Edition) -> Node:
    """A report as its element. What is None is left out, also where it is needed: drafts can be shown."""
    return _node("report", REPORT, report, edition=edition)


def of_file(details: FileDetails, *, report_id: int, file_id: str, edition: Edition) -> Node:
    """The details of a file as their element, with the numbers that the service gave."""
    given = {"report_id": report_id, "file_id": file_id}
    return _node("fileDetails", FILE, details, edition=edition, given=given)


def _node(
    name: str, shape: Shape, record: Any, *, edition: Edition, above: Any = None, given: Mapping[str, Any] | None = None
) -> Node:
    attributes = {
        attribute.name: _text(value)
        for attribute in shape.attributes
        if _stands(attribute, edition)
        if (value := _value(above if attribute.field[:1] == "^" else record, attribute.field.lstrip("^"))) is not None
    }
    if shape.text is not None:
        return Node(name=name, attributes=attributes, text=_text(_value(record, shape.field)))
    if shape.order is Order.TAGS:
        held = {_text(one) for one in record}
        return Node(name=name, children=tuple(Node(name=one.name) for one in shape.children if one.name in held))
    children: list[Node] = []
    for child in shape.children:
        value = given[child.field] if given and child.field in given else _value(record, child.field)
        if shape.order is Order.CHOICE and not _is(child, record):
            continue
        children += (_child(child, one, edition=edition, above=record) for one in _each(child, value))
    return Node(name=name, attributes=attributes, children=tuple(children))


def _child(child: Child, value: Any, *, edition: Edition, above: Any) -> Node:
    if isinstance(child.of, Shape):
        return _node(child.name, child.of, value, edition=edition, above=above)
    return Node(name=child.name, text=_text(value))


def _each(child: Child, value: Any) -> tuple[Any, ...]:
    """What stands under a child's name: nothing, one, or as many as there are."""
    if value is None or value == frozenset():
        return ()
    return value if isinstance(value, tuple) else (value,)


def _is(child: Child, record: Any) -> bool:
    return isinstance(child.of, Shape) and child.of.record is type(record)


def _stands(attribute: Attribute, edition: Edition) -> bool:
    """Whether an attribute is written: where its edition has it, and also where no other place would keep what it says,
    so that it is refused and not lost."""
    return attribute.when is None or attribute.when in edition.has or attribute.otherwise not in edition.has


def _value(record: Any, name: str) -> Any:
    for part in name.split(".") if name else ():
        if record is None:
            return None
        record = getattr(record, part)
    return record


def _text(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str) else repr(value)


def _moment(value: datetime) -> str:
    """In UTC to the millisecond, cut off and not rounded: what is past stays past. Without a zone where there is none,
    for `checking` to refuse."""
    timespec = "milliseconds" if value.microsecond else "seconds"
    try:
        value = value if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:  # in the first or last hours of the calendar, which is refused
        return value.isoformat()
    return value.replace(tzinfo=None).isoformat(timespec=timespec) + ("" if value.tzinfo is None else "Z")
