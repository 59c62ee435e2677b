"""Reading typed values out of a TOML table, noting each mistake with its line instead of stopping at the first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from rempart.policy.places import Path

_MOST_NAMES = 1000


class Trouble:
    """The mistakes found so far, each with its line."""

    def __init__(self, lines: Mapping[Path, int]) -> None:
        self._lines = lines
        self.problems: list[tuple[int, str]] = []

    def note(self, path: Path, text: str) -> None:
        """Add a mistake at the nearest place that has a line."""
        while path and path not in self._lines:
            path = path[:-1]
        self.problems.append((self._lines.get(path, 1), text))


class Table:
    """A table at `path`. `known` names its keys; others are mistakes. None: any key may stand there.

    A reader returns None for what is absent or wrong; what is wrong has been noted.
    """

    def __init__(
        self,
        data: Mapping[str, Any],
        path: Path,
        trouble: Trouble,
        *,
        known: tuple[str, ...] | None,
        given: bool = True,
    ) -> None:
        self.data = data
        self.given = given
        self._path = path
        self._trouble = trouble
        for key in data if known is not None else ():
            if key not in (known or ()):
                near = get_close_matches(key, known or (), n=1)
                more = f"did you mean `{near[0]}`?" if near else "Known: " + ", ".join(known or ()) + "."
                self.wrong(key, f"`{key[:40]}` is no key of {self._here()}; {more}")

    def _here(self) -> str:
        names = [name for name in self._path if isinstance(name, str)]
        return ".".join(names) or "the policy"

    def wrong(self, key: str, text: str, place: int | None = None) -> None:
        """Note a mistake at a key, or at one element of its list."""
        self._trouble.note((*self._path, key) if place is None else (*self._path, key, place), text)

    def _lacking(self, key: str) -> None:
        self._trouble.note(self._path, f"`{key}` is missing in {self._here()}.")

    def text(self, key: str, *, required: bool = False, absent: str | None = None, most: int = 200) -> str | None:
        """A text of 1 to `most` characters."""
        if key not in self.data:
            if required:
                self._lacking(key)
            return absent
        value = self.data[key]
        if isinstance(value, str) and 0 < len(value) <= most and value.isprintable():
            return value
        self.wrong(key, f"`{key}` is a text of 1 to {most} characters, not {as_text(value)}.")
        return None

    def integer(self, key: str, least: int, most: int, *, required: bool = False) -> int | None:
        """A whole number within bounds."""
        if key not in self.data:
            if required:
                self._lacking(key)
            return None
        value = self.data[key]
        if type(value) is int and least <= value <= most:
            return value
        self.wrong(key, f"`{key}` is a whole number from {least} to {most}, not {as_text(value)}.")
        return None

    def flag(self, key: str) -> bool | None:
        """True or false."""
        value = self.data.get(key)
        if value is None or isinstance(value, bool):
            return value
        self.wrong(key, f"`{key}` is true or false, not {as_text(value)}.")
        return None

    def choice(self, key: str, known: Iterable[str], *, required: bool = False) -> str | None:
        """One of the known texts."""
        if key not in self.data:
            if required:
                self._lacking(key)
            return None
        value = self.data[key]
        if isinstance(value, str) and value in list(known):
            return value
        self.wrong(key, f"{as_text(value)} is none of {_names(known)}.")
        return None

    def listed(self, key: str) -> Iterator[tuple[int | None, Any]]:
        """A value that stands alone or in a list, with its place there; an empty list is a mistake."""
        if key not in self.data:
            return
        value = self.data[key]
        if not isinstance(value, list):
            yield None, value
        elif not value or len(value) > _MOST_NAMES:
            self.wrong(key, f"`{key}` holds 1 to {_MOST_NAMES} values; leave it out to ask nothing.")
        else:
            yield from enumerate(value)

    def choices(self, key: str, known: Iterable[str]) -> frozenset[Any] | None:
        """Some of the known texts, as members of `known`."""
        if key not in self.data:
            return None
        members = {str(member): member for member in known}
        chosen = set()
        for place, value in self.listed(key):
            if isinstance(value, str) and value in members:
                chosen.add(members[value])
            else:
                self.wrong(key, f"{as_text(value)} is none of {_names(members)}.", place)
        return frozenset(chosen)

    def names(self, key: str) -> frozenset[str] | None:
        """Texts of any kind."""
        if key not in self.data:
            return None
        chosen = set()
        for place, value in self.listed(key):
            if isinstance(value, str) and value.strip("*"):
                chosen.add(value)
            else:
                self.wrong(key, f"{as_text(value)} is no name.", place)
        return frozenset(chosen)

    def table(self, key: str, *, known: tuple[str, ...] | None) -> Table:
        """The table under a key. One that is missing or none is noted, and comes back empty with `given` False."""
        value = self.data.get(key)
        if not isinstance(value, dict):
            if key in self.data:
                self.wrong(key, f"`{key}` is a table, not {as_text(value)}.")
            else:
                self._lacking(key)
            return Table({}, (*self._path, key), Trouble({}), known=known, given=False)
        return Table(value, (*self._path, key), self._trouble, known=known)

    def tables(self, key: str, *, known: tuple[str, ...], most: int) -> list[Table]:
        """The tables of a list of tables; none at all is fine."""
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value) or len(value) > most:
            self.wrong(key, f"`[[{key}]]` are tables, at most {most}.")
            return []
        return [Table(one, (*self._path, key, place), self._trouble, known=known) for place, one in enumerate(value)]


def as_text(value: object) -> str:
    """A value as it is shown in a message: short, and on one line."""
    shown = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else repr(value)
    shown = "".join(char if char.isprintable() else "�" for char in shown)
    return shown if len(shown) <= 60 else shown[:59] + "…"


def _names(known: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in known)
