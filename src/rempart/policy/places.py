"""Where in a TOML text each key and value stands, so that a mistake can be named with its line.

`tomllib` reads the text but keeps no lines. This walks over a text that `tomllib` has accepted, and only notes places.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

Path = tuple[str | int, ...]

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r]+|\#[^\n]*)
    | (?P<line>\n)
    | (?P<text>\"{3}(?:[^\\]|\\.)*?\"{3,5} | '{3}.*?'{3,5} | "(?:[^"\\\n]|\\.)*" | '[^'\n]*')
    | (?P<mark>[\[\]{}=,.])
    | (?P<bare>[^\s\[\]{}=,."'\#]+)
    """,
    re.X | re.S,
)


def places(text: str) -> dict[Path, int]:
    """The line (from 1) of every table, key and array element, by its path in what `tomllib.loads(text)` returns."""
    return _Walk(text).lines


class _Walk:
    """One pass over the tokens."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}
        self._tokens = list(_tokens(text))
        self._at = 0
        table: Path = ()
        while (token := self._peek()) is not None:
            if token[0] == "\n":
                self._at += 1
            elif token[0] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _peek(self) -> tuple[str, int] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self) -> tuple[str, int]:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _header(self) -> Path:
        line = self._take()[1]
        several = self._tokens[self._at][0] == "["
        self._at += several
        names = self._key("]")
        self._at += several
        *before, last = names
        path: Path = ()
        for name in before:
            self._note((*path, name), line)
            path = self._last_of((*path, name))
        own: Path = (*path, last)
        if several:
            self._counts[own] = self._counts.get(own, -1) + 1
            self.lines.setdefault(own, line)
            own = (*own, self._counts[own])
        self._note(own, line)
        return own if several else self._last_of(own)

    def _last_of(self, path: Path) -> Path:
        return (*path, self._counts[path]) if path in self._counts else path

    def _key(self, end: str) -> Path:
        names: list[str] = []
        while (part := self._take()[0]) != end:
            if part != ".":
                names.append(next(iter(tomllib.loads(f"{part} = 0"))))
        return tuple(names)

    def _pair(self, table: Path) -> None:
        line = self._tokens[self._at][1]
        path = table
        for name in self._key("="):
            path = (*path, name)
            self._note(path, line)
        self._value(path)

    def _value(self, path: Path) -> None:
        first = self._tokens[self._at][0]
        if first == "[":
            self._take()
            place = 0
            while (token := self._tokens[self._at])[0] != "]":
                if token[0] in "\n,":
                    self._at += 1
                    continue
                self._note((*path, place), token[1])
                self._value((*path, place))
                place += 1
            self._at += 1
        elif first == "{":
            self._take()
            while (token := self._tokens[self._at])[0] != "}":
                if token[0] in "\n,":
                    self._at += 1
                else:
                    self._pair(path)
            self._at += 1
        else:
            while (token := self._peek() or ("\n", 0))[0] not in "\n,]}":  # a scalar may have several tokens: 1.5
                self._at += 1

    def _note(self, path: Path, line: int) -> None:
        self.lines.setdefault(path, line)


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    line = 1
    for found in _TOKEN.finditer(text):
        if found.lastgroup != "space":
            yield found.group(), line
        line += found.group().count("\n")
