"""Reading a team's settings out of a JSON document, noting every mistake with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

_MOST_SHOWN = 40


class Trouble:
    """The mistakes found so far, each with its place in the document."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def note(self, place: str, text: str) -> None:
        """Add a mistake."""
        self.problems.append(f"{place or 'the document'}: {text}")


class Table:
    """An object of the document. Keys that are not `known` are mistakes; so are values that are not as they should be,
    in whose place a reader gives what stands for absent."""

    def __init__(self, data: Any, place: str, trouble: Trouble, *, known: Sequence[str]) -> None:
        self._place, self._trouble = place, trouble
        self._data: Mapping[str, Any] = data if isinstance(data, dict) else {}
        if not isinstance(data, dict):
            trouble.note(place, f"an object is needed here, not {_shown(data)}.")
        for key in self._data:
            if key not in known:
                near = get_close_matches(key, known, n=1)
                more = f"did you mean `{near[0]}`?" if near else "Known: " + ", ".join(known) + "."
                self.wrong(key, f"there is no such key; {more}")

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def wrong(self, key: str, text: str) -> None:
        """Note a mistake at a key."""
        self._trouble.note(f"{self._place}.{key}" if self._place else key, text)

    def integer(self, key: str, absent: int, least: int, most: int) -> int:
        """A whole number within bounds."""
        found = self.optional_integer(key, least, most)
        return absent if found is None else found

    def optional_integer(self, key: str, least: int, most: int) -> int | None:
        """A whole number within bounds; None where there is none."""
        value = self._data.get(key)
        if value is None:
            return None
        if type(value) is int and least <= value <= most:
            return value
        self.wrong(key, f"a whole number from {least} to {most} is needed, not {_shown(value)}.")
        return None

    def text(self, key: str, *, most: int = 200, lines: bool = False) -> str:
        """A text of up to `most` characters, in one line unless `lines`; empty where there is none."""
        value = self._data.get(key, "")
        bare = value.replace("\n", "") if lines and isinstance(value, str) else value
        if isinstance(value, str) and len(value) <= most and (not bare or bare.isprintable()):
            return value.strip()
        self.wrong(key, f"a text of up to {most} characters is needed, not {_shown(value)}.")
        return ""

    def named(self, key: str, fits: Callable[[str], object], what: str) -> str:
        """A text that has to be there and has to fit."""
        value = self._data.get(key)
        if isinstance(value, str) and fits(value):
            return value
        self.wrong(key, f"{what} is needed" + ("." if value is None else f", not {_shown(value)}."))
        return ""

    def texts(
        self, key: str, *, among: Iterable[str] | None = None, most: int = 200, absent: Sequence[str] = ()
    ) -> tuple[str, ...]:
        """A list of texts, each one once; of `among` where that is given."""
        value = self._data.get(key)
        if value is None:
            return tuple(absent)
        if not isinstance(value, list) or len(value) > most:
            self.wrong(key, f"a list of at most {most} texts is needed, not {_shown(value)}.")
            return tuple(absent)
        known = None if among is None else tuple(among)
        found: dict[str, None] = {}
        for place, one in enumerate(value):
            if not isinstance(one, str) or not 0 < len(one) <= _MOST_TEXT or not one.isprintable():
                self.wrong(f"{key}[{place}]", f"a text is needed, not {_shown(one)}.")
            elif known is not None and one not in known:
                self.wrong(f"{key}[{place}]", f"{_shown(one)} is not known. Known: {', '.join(known)}.")
            else:
                found[one] = None
        return tuple(found)

    def table(self, key: str, *, known: Sequence[str]) -> Table:
        """An object under a key; empty where there is none."""
        return Table(
            self._data.get(key, {}), f"{self._place}.{key}" if self._place else key, self._trouble, known=known
        )

    def tables(self, key: str, *, known: Sequence[str], most: int = 200) -> list[Table]:
        """A list of objects under a key."""
        value = self._data.get(key, [])
        if not isinstance(value, list) or len(value) > most:
            self.wrong(key, f"a list of at most {most} objects is needed, not {_shown(value)}.")
            return []
        path = f"{self._place}.{key}" if self._place else key
        return [Table(one, f"{path}[{place}]", self._trouble, known=known) for place, one in enumerate(value)]


_MOST_TEXT = 200


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"
