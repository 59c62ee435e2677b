"""What somebody has answered so far, as one short text: it goes along in each step's form, is shown word for word
before it is sent, and is all that is sent. Nothing of it is kept anywhere else."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from rempart.server.pages.texts import LANGUAGES


class Role(StrEnum):
    """Who somebody is to the person in the picture."""

    SELF = "self"
    PARENT = "parent"
    LAWYER = "lawyer"
    ADVOCATE = "advocate"
    BYSTANDER = "bystander"


class Minor(StrEnum):
    """Whether the person was under 18 when the picture was made."""

    YES = "yes"
    UNSURE = "unsure"
    NO = "no"


class Made(StrEnum):
    """Whether the picture was made or changed by a computer."""

    YES = "yes"
    UNSURE = "unsure"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The answers; empty where nothing was said. `once` tells one sending from another."""

    language: str = "en"
    role: str = ""
    minor: str = ""
    where: str = ""
    note: str = ""
    insider: bool = False
    synthetic: str = ""
    explanation: str = ""
    intimate: bool = False
    good_faith: bool = False
    accurate: bool = False
    name: str = ""
    contact: str = ""
    signature: str = ""
    signals: str = ""
    once: str = ""

    @property
    def child(self) -> bool:
        """Whether the person was, or may have been, under 18: then the place alone is enough."""
        return self.minor in (Minor.YES, Minor.UNSURE)

    @property
    def short(self) -> bool:
        """Whether nothing but the place is asked for."""
        return self.child or self.role == Role.BYSTANDER

    def kept(self) -> Answers:
        """What is sent of these: on the short ways, nothing but the place."""
        if not self.short:
            return self
        return Answers(
            language=self.language, role=self.role, minor=self.minor, where=self.where, note=self.note,
            insider=self.insider, once=self.once,
        )  # fmt: skip


MOST: Mapping[str, int] = {
    "where": 4_000, "note": 300, "explanation": 2_000, "name": 200, "contact": 300, "signature": 200,
}  # fmt: skip
"""Characters that an answer may have."""
MOST_BYTES = 15_000
"""Bytes that all answers may have together: a body of over 16 kB is refused, and the form around them needs some."""
_CHOICES: Mapping[str, frozenset[str]] = {
    "language": frozenset(LANGUAGES), "role": frozenset(Role), "minor": frozenset(Minor), "synthetic": frozenset(Made),
}  # fmt: skip
_LONG = frozenset({"where", "explanation", "signals"})
_ONCE = re.compile(r"[0-9a-f]{32}")
_FLAGS = frozenset(one.name for one in fields(Answers) if one.default is False)
_ORDER = tuple(one.name for one in fields(Answers))


def written(answers: Answers) -> str:
    """The text of the answers: a line `name: value` for each that was given, further lines of a value indented."""
    return "\n".join(_lines(answers))


def size(answers: Answers) -> int:
    """Bytes of the text of the answers, as it is sent: its lines end in two."""
    text = written(answers)
    return len(text.encode()) + text.count("\n")


def read(text: str) -> Answers:
    """The answers of a text. Whatever is not understood is left out, so that no text is an error."""
    found: dict[str, str] = {}
    name = ""
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line.startswith("  ") and name:
            found[name] += "\n" + line[2:]
        else:
            name, _, value = line.partition(":")
            name = name.replace("-", "_")
            if name in _ORDER and name not in found:
                found[name] = value.removeprefix(" ")
            else:
                name = ""
    return taken(Answers(), found)


def taken(answers: Answers, said: Mapping[str, str]) -> Answers:
    """The answers with what was said in a form; flags that a form does not name stay as they were."""
    values: dict[str, Any] = {name: _value(name, text) for name, text in said.items() if name in _ORDER}
    return replace(answers, **values)


def _value(name: str, text: str) -> str | bool:
    if name in _FLAGS:
        return text == "yes"
    text = clean(text, lines=name in _LONG)
    if name == "once":
        return text if _ONCE.fullmatch(text) else ""
    if name in _CHOICES and text not in _CHOICES[name]:
        return "en" if name == "language" else ""
    return text


def clean(text: str, *, lines: bool) -> str:
    """A text without what nobody types: control characters, halves of characters, blank ends."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(one if _is_kept(one, lines=lines) else " " for one in text)
    if not lines:
        return " ".join(kept.split())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in kept.split("\n"))).strip()


def _is_kept(one: str, *, lines: bool) -> bool:
    return (lines and one == "\n") or unicodedata.category(one) not in ("Cc", "Cs", "Zl", "Zp")


def _lines(answers: Answers) -> Iterator[str]:
    for name in _ORDER:
        value = getattr(answers, name)
        if value is True:
            yield f"{name.replace('_', '-')}: yes"
        elif value:
            first, *more = str(value).split("\n")
            yield f"{name.replace('_', '-')}: {first}"
            yield from (f"  {line}" for line in more)
