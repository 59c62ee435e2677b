"""The transparency database's rules for a statement, one row for each field; checked here before anything is sent.

They follow the database's own schema since 1 July 2025. Two are ours and stricter: a field that is not known is
refused, so that a typing mistake is never a silent omission, and nobody is ever named in `source_identity`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from rempart.reports.reasons.dsa import words

Problem = str | None
Check = Callable[[Any], Problem]
Condition = Callable[[Mapping[str, Any]], bool]
_PUID = re.compile(r"[a-zA-Z0-9_-]+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_LANGUAGE = re.compile(r"[A-Z]{2}")
_EAN = re.compile(r"\d{13}")
_KINDS = ("decision_visibility", "decision_monetary", "decision_provision", "decision_account")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: what its value must be, when it must be there (`needed`), and when it must not (`barred`)."""

    name: str
    check: Check
    needed: Condition = field(default=lambda told: False)
    barred: Condition = field(default=lambda told: False)
    why_needed: str = "is required"
    why_barred: str = "does not go together with the rest"


def problems(told: Mapping[str, Any], *, own: bool = True) -> dict[str, list[str]]:
    """What is wrong with a statement, by field; empty when it may be sent. Without `own`: by the database's rules."""
    found: dict[str, list[str]] = {}
    for name in told:
        if own and name not in BY_NAME:
            found.setdefault(str(name), []).append("is not known")
    if own and _there(told, "source_identity"):
        found["source_identity"] = ["is never told: nobody is named"]
    for one in FIELDS:
        there = _there(told, one.name)
        if not there:
            if one.needed(told):
                found.setdefault(one.name, []).append(one.why_needed)
            continue
        if one.barred(told):
            found.setdefault(one.name, []).append(one.why_barred)
        problem = one.check(told[one.name])
        if problem is not None:
            found.setdefault(one.name, []).append(problem)
    return found


def _there(told: Mapping[str, Any], name: str) -> bool:
    return told.get(name) not in (None, "", [])


def _text(most: int) -> Check:
    def check(value: Any) -> Problem:
        if not isinstance(value, str):
            return "is a text"
        return None if len(value) <= most else f"has at most {most} characters"

    return check


def _matching(pattern: re.Pattern[str], what: str, most: int) -> Check:
    text = _text(most)

    def check(value: Any) -> Problem:
        return text(value) or (None if pattern.fullmatch(value) else what)

    return check


def _one_of(known: frozenset[str]) -> Check:
    def check(value: Any) -> Problem:
        return None if isinstance(value, str) and value in known else "is none of the words that are known"

    return check


def _some_of(known: Callable[[str], bool]) -> Check:
    def check(value: Any) -> Problem:
        if not isinstance(value, list):
            return "is a list"
        if not all(isinstance(one, str) and known(one) for one in value):
            return "holds a word that is not known"
        return None if len(set(value)) == len(value) else "holds a word twice"

    return check


def _day(first: int | None = None) -> Check:
    def check(value: Any) -> Problem:
        if not isinstance(value, str) or not _DATE.fullmatch(value):
            return "is a date, written YYYY-MM-DD"
        try:
            year = date.fromisoformat(value).year
        except ValueError:
            return "is no day of the calendar"
        if first is not None and not first <= year <= 2038:
            return f"lies between {first} and 2038"
        return None

    return check


def _url(value: Any) -> Problem:
    problem = _text(500)(value)
    if problem is not None:
        return problem
    try:
        parts = urlsplit(value)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        fine = False
    return None if fine and not re.search(r"\s", value) else "is a web address"


def _content_id(value: Any) -> Problem:
    fine = isinstance(value, dict) and value.keys() == {"EAN-13"} and isinstance(value["EAN-13"], str)
    return None if fine and _EAN.fullmatch(value["EAN-13"]) else "is an EAN-13 of 13 digits"


def _has(name: str, word: str) -> Condition:
    """A field, one word or several, holds a word."""

    def condition(told: Mapping[str, Any]) -> bool:
        value = told.get(name)
        return word in value if isinstance(value, list) else value == word

    return condition


def _not(condition: Condition) -> Condition:
    return lambda told: not condition(told)


def _always(told: Mapping[str, Any]) -> bool:
    return True


def _no_decision(but: str) -> Condition:
    others = [name for name in _KINDS if name != but]
    return lambda told: not any(_there(told, name) for name in others)


def _decision(name: str, check: Check) -> Field:
    why = "is required where visibility, monetary, provision and account are all empty"
    return Field(name=name, check=check, needed=_no_decision(name), why_needed=why)


def _other(name: str, of: str, word: str) -> Field:
    needed = _has(of, word)
    return Field(
        name=name, check=_text(500), needed=needed, barred=_not(needed), why_needed=f"is required with {word}",
        why_barred=f"goes with {word} alone",
    )  # fmt: skip


def _of_ground(name: str, most: int, ground: str, *, required: bool = True) -> Field:
    own = _has("decision_ground", ground)
    return Field(
        name=name, check=_text(most) if most else _one_of(words.YES_NO), needed=own if required else _not(_always),
        barred=_not(own), why_needed=f"is required with {ground}", why_barred=f"goes with {ground} alone",
    )  # fmt: skip


FIELDS: Sequence[Field] = (
    Field(name="puid", check=_matching(_PUID, "has letters, digits, hyphens and underscores", 500), needed=_always),
    _decision("decision_visibility", _some_of(words.VISIBILITY.__contains__)),
    _other("decision_visibility_other", "decision_visibility", "DECISION_VISIBILITY_OTHER"),
    _decision("decision_monetary", _one_of(words.MONETARY)),
    _other("decision_monetary_other", "decision_monetary", "DECISION_MONETARY_OTHER"),
    _decision("decision_provision", _one_of(words.PROVISION)),
    _decision("decision_account", _one_of(words.ACCOUNT)),
    Field(name="account_type", check=_one_of(words.ACCOUNT_TYPE)),
    Field(name="decision_ground", check=_one_of(words.GROUND), needed=_always),
    Field(name="decision_ground_reference_url", check=_url),
    _of_ground("illegal_content_legal_ground", 500, words.ILLEGAL_CONTENT),
    _of_ground("illegal_content_explanation", 2000, words.ILLEGAL_CONTENT),
    _of_ground("incompatible_content_ground", 500, words.INCOMPATIBLE_CONTENT),
    _of_ground("incompatible_content_explanation", 2000, words.INCOMPATIBLE_CONTENT),
    _of_ground("incompatible_content_illegal", 0, words.INCOMPATIBLE_CONTENT, required=False),
    Field(name="content_type", check=_some_of(words.CONTENT_TYPE.__contains__), needed=_always),
    _other("content_type_other", "content_type", "CONTENT_TYPE_OTHER"),
    Field(name="category", check=_one_of(words.CATEGORIES), needed=_always),
    Field(name="category_addition", check=_some_of(words.CATEGORIES.__contains__)),
    Field(name="category_specification", check=_some_of(words.is_keyword)),
    Field(name="category_specification_other", check=_text(500)),
    Field(name="territorial_scope", check=_some_of(words.COUNTRIES.__contains__)),
    Field(name="content_language", check=_matching(_LANGUAGE, "is a language code in two capital letters", 2)),
    Field(name="content_date", check=_day(2000), needed=_always),
    Field(name="application_date", check=_day(2020), needed=_always),
    *(
        Field(name=f"end_date_{one}_restriction", check=_day())
        for one in ("visibility", "monetary", "service", "account")
    ),
    Field(name="decision_facts", check=_text(5000), needed=_always),
    Field(name="source_type", check=_one_of(words.SOURCE), needed=_always),
    Field(name="source_identity", check=_text(500)),
    Field(name="automated_detection", check=_one_of(words.YES_NO), needed=_always),
    Field(name="automated_decision", check=_one_of(words.AUTOMATED), needed=_always),
    Field(name="content_id", check=_content_id),
)  # fmt: skip
"""In the order of the database's documentation."""
BY_NAME = {one.name: one for one in FIELDS}
