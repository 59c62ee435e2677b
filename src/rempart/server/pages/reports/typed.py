"""What was typed into a form, as the part of the document that it stands for.

What nobody touched stays exactly as it is, to the microsecond; a row in which nothing stands is left out; what cannot
be read is named by its place, and nothing is kept of it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from datetime import UTC, date, datetime
from typing import Any

from rempart.reports.cybertip.document.storing import KINDS
from rempart.server.pages.reports.forms import KIND, MOST_ROWS, shown, under
from rempart.server.pages.reports.shaping import Form, Part, parts_of

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_ROW = re.compile(r"\[([0-9]{1,3})\]")
_NOTHING: dict[Form, Any] = {Form.LINES: (), Form.ROWS: (), Form.KINDS: (), Form.SEVERAL: frozenset()}


@dataclass(slots=True)
class Reader:
    """Reads records from what was typed. `mistakes` are keys of sentences by place, once it has read; with `every`
    row, empty ones too, as they have to be shown again."""

    typed: Mapping[str, Sequence[str]]
    every: bool = False
    mistakes: dict[str, str] = field(default_factory=dict)
    _rows: dict[str, set[int]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.typed:
            for told in _ROW.finditer(name):
                self._rows.setdefault(name[: told.start()], set()).add(int(told[1]))

    def record(self, kind: type, path: str, was: Any) -> Any:
        """The record of a kind at a place; None where nothing was typed in any of its fields."""
        found, values = False, {}
        for part in parts_of(kind):
            before = getattr(was, part.name) if was is not None else _NOTHING.get(part.form)
            value = self.value(part, under(path, part.name), before)
            found = found or not _blank(value)
            values[part.name] = value
        if not found and not self.every:
            return was if was is not None and _is_empty(was) else None
        return self._made(kind, path, values, was)

    def several(self, part: Part, path: str, was: Sequence[Any]) -> tuple[Any, ...]:
        """The records of rows. Where none of them was shown, those there were."""
        if under(path, "shown") not in self.typed:
            return tuple(was)
        found = []
        for number in self._numbers(path):
            before = was[number - 1] if number <= len(was) else None
            place = f"{path}[{number}]"
            kind = part.inner if part.form is Form.ROWS else KINDS.get(self._one(under(place, KIND)))
            if kind is None:
                continue
            before = before if isinstance(before, kind) else None
            one = self.record(kind, place, before)
            if one is not None:
                found.append(one)
        return (*found, *was[MOST_ROWS:])

    def value(self, part: Part, path: str, was: Any) -> Any:
        """What was typed into one field of a record; what was there where the field was not shown."""
        if part.form is Form.RECORD:
            return self.record(part.inner, path, was)
        if part.form in (Form.ROWS, Form.KINDS):
            return self.several(part, path, was)
        if path not in self.typed:
            return was
        if part.form is Form.SEVERAL:
            return self._chosen(part, path)
        text = self._one(path)
        if was is not None and _as_sent(part, text) == _as_sent(part, shown(part, was)):
            return was
        return self._read(part, path, text)

    def _read(self, part: Part, path: str, text: str) -> Any:
        if part.form is Form.LINES:
            return self._lines(part, path, text)
        if not text:
            return None
        try:
            return _READ[part.form](part, text)
        except ValueError:
            self.mistakes[path] = f"reports.wrong.{part.form}"
            return None

    def _lines(self, part: Part, path: str, text: str) -> tuple[Any, ...]:
        lines = [one.strip() for one in text.splitlines() if one.strip()]
        try:
            return tuple(_whole(part, one) for one in lines) if part.inner is int else tuple(lines)
        except ValueError:
            self.mistakes[path] = "reports.wrong.lines"
            return ()

    def _chosen(self, part: Part, path: str) -> frozenset[Any]:
        known = {one.value: one for one in part.inner}
        return frozenset(known[one] for one in self.typed[path] if one in known)

    def _made(self, kind: type, path: str, values: dict[str, Any], was: Any) -> Any:
        """The record, with what no form takes as it was, and what it cannot be without."""
        for name, told in kind.__dataclass_fields__.items():  # type: ignore[attr-defined]
            if name not in values and was is not None:
                values[name] = getattr(was, name)
            elif values.get(name) is None and name in values:
                self._fill(kind, name, path, values, told)
        return kind(**values)

    def _fill(self, kind: type, name: str, path: str, values: dict[str, Any], told: Any) -> None:
        part = next(one for one in parts_of(kind) if one.name == name)
        if told.default is None:
            return
        if part.form is Form.TERNARY:
            values[name] = told.default
        elif part.inner is str:
            values[name] = ""
        else:
            values[name] = next(iter(part.inner))
            if not self.every:
                self.mistakes[under(path, name)] = "reports.wrong.needed"

    def _numbers(self, path: str) -> Iterable[int]:
        return sorted(one for one in self._rows.get(path, ()) if 0 < one <= MOST_ROWS)

    def _one(self, path: str) -> str:
        found = self.typed.get(path, ())
        return _plain(found[0]) if found else ""


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _as_sent(part: Part, text: str) -> str:
    """A text as a browser sends it: fields of one line have no ends of lines."""
    plain = _plain(text)
    return plain if part.form in (Form.LONG, Form.LINES) else plain.replace("\n", "").strip()


def _is_empty(record: Any) -> bool:
    kind: type = type(record)
    return all(_blank(getattr(record, part.name)) for part in parts_of(kind))


def _blank(value: Any) -> bool:
    if is_dataclass(value):
        return _is_empty(value)
    return value is None or value in ((), frozenset())


def _truth(part: Part, text: str) -> bool:
    return {"yes": True, "no": False}[text]


def _whole(part: Part, text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError
    return int(text)


def _decimal(part: Part, text: str) -> float:
    found = float(text.replace(",", "."))
    if not math.isfinite(found):
        raise ValueError
    return found


def _moment(part: Part, text: str) -> datetime:
    found = datetime.fromisoformat(text.replace(" ", "T", 1))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


_READ: dict[Form, Any] = {
    Form.TEXT: lambda _part, text: text,
    Form.LONG: lambda _part, text: text,
    Form.TERNARY: lambda part, text: _known(_truth, part, text),
    Form.CHOICE: lambda part, text: part.inner(text),
    Form.MOMENT: lambda part, text: _known(_moment, part, text),
    Form.DAY: lambda _part, text: date.fromisoformat(text),
    Form.WHOLE: _whole,
    Form.DECIMAL: _decimal,
}


def _known(read: Any, part: Part, text: str) -> Any:
    """What is read, with every way in which it fails as one error."""
    try:
        return read(part, text)
    except (KeyError, OverflowError) as err:
        raise ValueError from err
