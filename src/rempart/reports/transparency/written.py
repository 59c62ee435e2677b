"""What people write themselves: rows of sections that no ledger knows, from a file that the operator fills in."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib import resources
from typing import Any

from rempart.errors import RefusedError
from rempart.reports.transparency.rows import OPERATOR, Row
from rempart.reports.transparency.sections import SECTIONS

_MOST_FILE = 1 << 20
_MOST_TEXT = 20_000
_MOST_NAME = 200


def blank() -> str:
    """The file with nothing filled in."""
    return (resources.files("rempart.reports.transparency") / "written.toml").read_text("utf-8")


def read_written(text: str) -> tuple[Row, ...]:
    """The rows of such a file; what is left empty gives none. Raises RefusedError that says where what is wrong."""
    if len(text) > _MOST_FILE:
        raise _wrong("it is too long")
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as err:
        raise _wrong(f"it is no TOML: {err}") from err
    if unknown := sorted(document.keys() - set(SECTIONS)):
        raise _wrong(f"there is no section {unknown[0]}; known are {', '.join(SECTIONS)}")
    return tuple(row for name in SECTIONS if name in document for row in _section(name, document[name]))


def _section(section: str, document: Any) -> Iterator[Row]:
    if not isinstance(document, dict):
        raise _wrong(f"{section} is a table: [{section}]")
    for name, value in document.items():
        if isinstance(value, dict):
            for key, part in value.items():
                yield from _row(section, name, part, by="part", key=_name(key))
        else:
            yield from _row(section, name, value)


def _row(section: str, name: str, value: Any, *, by: str = "", key: str = "") -> Iterator[Row]:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _wrong(f"{section}.{name} is a text or a number")
    text = str(value).strip()
    if len(text) > _MOST_TEXT or "\x00" in text:
        raise _wrong(f"{section}.{name} has at most {_MOST_TEXT:,} characters that can be read")
    if text:
        unit = "text" if isinstance(value, str) else "count"
        yield Row(
            section=section, indicator=_name(name), by=by, key=key, unit=unit, value=text, source=OPERATOR
        )  # fmt: skip


def _name(name: str) -> str:
    if not 0 < len(name) <= _MOST_NAME or not name.isprintable():
        raise _wrong(f"{name[:40]!r} cannot be the name of a row")
    return name


def _wrong(what: str) -> RefusedError:
    return RefusedError(
        f"What was written for the report cannot be used: {what}.",
        hint="Begin with `rempart stats template --written`.",
    )
