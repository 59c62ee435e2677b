"""From the text of a policy to a Policy; every mistake is told with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any

from rempart.errors import PolicyError
from rempart.policy.facts import SEED, Keep, Ruling, Verdict
from rempart.policy.fields import Table, Trouble, as_text
from rempart.policy.places import places
from rempart.policy.rules import UNNAMED_SEED, MatchTest, Names, Policy, Rule
from rempart.signals.outcome import Outcome
from rempart.signals.values import Likeness, SignalKind

FORMAT = 1
MOST_RULES = 200
MOST_BYTES = 256 << 10
FARTHEST = 63
RESERVED = frozenset({"otherwise", "on_failure", UNNAMED_SEED.rule})
OPINIONS = ("positive", SEED, "negative", "disputed")

_SYNTAX_LINE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)")
_CATEGORY = re.compile(r"[^:\s]{1,64}:\S.{0,127}")
_QUEUE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_DAYS = re.compile(r"([1-9]\d{0,3}) days?")
_TOP = ("format", "name", "rules", "otherwise", "on_failure")
_ON_MATCH = ("list", "mode", "category", "opinion", "signal", "exact", "max_distance", "min_distance", "probe")
_ON_ITEM = ("outcome", "service", "published", "known_good", "context")
_THEN = ("verdict", "case", "queue", "assessors", "keep")


def parse(text: str, *, in_force: bool = False) -> Policy:
    """Read a policy. Raises PolicyError, whose `problems` hold every mistake as (line, what is wrong), by line.

    One that is `in_force` was put there by people, perhaps before Rempart refused what it refuses now: that is let pass
    where the rules cannot act on it.
    """
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise PolicyError([(1, f"A policy has at most {MOST_BYTES >> 10} KiB.")])
    try:
        data = tomllib.loads(text)
        trouble = Trouble(places(text))
    except tomllib.TOMLDecodeError as err:
        raise PolicyError([_syntax(str(err), text)]) from err
    except RecursionError as err:
        raise PolicyError([(1, "It is nested too deeply to be a policy.")]) from err
    policy = _policy(Table(data, (), trouble, known=_TOP), text, in_force=in_force)
    if trouble.problems:
        raise PolicyError(sorted(trouble.problems))
    return policy


def default_text() -> str:
    """The text of the policy that Rempart starts with."""
    return (resources.files("rempart.policy") / "default.toml").read_text("utf-8")


def _syntax(message: str, text: str) -> tuple[int, str]:
    found = _SYNTAX_LINE.search(message)
    line = int(found[1]) if found and found[1] else text.count("\n") + 1
    return line, f"This is not TOML: {_SYNTAX_LINE.sub('', message)}."


def _policy(top: Table, text: str, *, in_force: bool) -> Policy:
    if (number := top.integer("format", 1, 2**31, required=True)) not in (None, FORMAT):
        top.wrong("format", f"This version reads format {FORMAT}, not {number}.")
    name = top.text("name", required=True)
    rules = top.tables("rules", known=("name", "when", "then"), most=MOST_RULES)
    read = tuple(_rule(rule) for rule in rules)
    seen: set[str] = set(RESERVED)
    for rule, made in zip(rules, read, strict=True):
        if not in_force:
            _check_seeds(rule, made)
        if made.ruling.rule in seen and not (in_force and made.ruling.rule == UNNAMED_SEED.rule):
            rule.wrong("name", f"There is already a rule named {as_text(made.ruling.rule)}.")
        seen.add(made.ruling.rule)
    return Policy(
        name=name or "",
        rules=read,
        otherwise=_ruling(top.table("otherwise", known=_THEN), "otherwise"),
        on_failure=_ruling(top.table("on_failure", known=_THEN), "on_failure"),
        text=text,
    )


def _check_seeds(rule: Table, made: Rule) -> None:
    if made.match is not None and made.match.names_seeds and made.ruling.verdict is Verdict.BLOCK:
        rule.table("then", known=_THEN).wrong(
            "verdict", "An investigation seed is a lead that people look into, and never blocks; a rule that names it"
            " allows or holds.",
        )  # fmt: skip


def _rule(rule: Table) -> Rule:
    name = rule.text("name", required=True, most=80) or ""
    when = rule.table("when", known=(*_ON_MATCH, *_ON_ITEM))
    if when.given and not when.data:
        rule.wrong("when", "A rule without any condition decides everything; write that under [otherwise].")
    return Rule(
        ruling=_ruling(rule.table("then", known=_THEN), name),
        match=_match_test(when) if any(key in when.data for key in _ON_MATCH) else None,
        outcomes=when.choices("outcome", Outcome),
        services=when.names("service"),
        published=when.flag("published"),
        known_good=when.flag("known_good"),
        context=_context(when),
    )


def _match_test(when: Table) -> MatchTest:
    for place, mode in when.listed("mode"):
        if mode == "observing":
            when.wrong("mode", "Matches of observing lists are only counted and never decide.", place)
        elif mode != "blocking":
            when.wrong("mode", f'{as_text(mode)} is no mode; only "blocking" can decide.', place)
    lists, probes = when.names("list"), when.names("probe")
    categories, schemes = _categories(when)
    nearest = when.integer("min_distance", 0, FARTHEST) or 0
    farthest = when.integer("max_distance", 0, FARTHEST)
    if farthest is not None and nearest > farthest:
        when.wrong("min_distance", f"No distance is at least {nearest} and at most {farthest}.")
    return MatchTest(
        lists=None if lists is None else Names.of(sorted(lists)),
        categories=categories,
        schemes=schemes,
        opinions=when.choices("opinion", OPINIONS),
        signals=when.choices("signal", (*SignalKind, *Likeness)),
        exact=when.flag("exact"),
        nearest=nearest,
        farthest=farthest,
        probes=None if probes is None else Names.of(sorted(probes)),
    )


def _categories(when: Table) -> tuple[frozenset[tuple[str | None, str | None]] | None, frozenset[str]]:
    """Pairs of scheme and code, and the schemes of which every code is meant (`uk-abc:*`)."""
    if "category" not in when.data:
        return None, frozenset()
    pairs: set[tuple[str | None, str | None]] = set()
    schemes: set[str] = set()
    for place, given in when.listed("category"):
        if not isinstance(given, str) or not _CATEGORY.fullmatch(given):
            said = as_text(given)
            when.wrong("category", f'{said} is no scheme and code; write "vic-us:1". A bare code means nothing.', place)
            continue
        scheme, _, code = given.partition(":")
        if code == "*":
            schemes.add(scheme)
        else:
            pairs.add((scheme, code))
    return frozenset(pairs), frozenset(schemes)


def _context(when: Table) -> Mapping[str, frozenset[tuple[type, str | int | bool]]] | None:
    if "context" not in when.data:
        return None
    inner = when.table("context", known=None)
    wanted: dict[str, frozenset[tuple[type, str | int | bool]]] = {}
    for key in inner.data:
        values: set[tuple[type, str | int | bool]] = set()
        for place, value in inner.listed(key):
            if isinstance(value, str | int | bool):
                values.add((type(value), value))
            else:
                inner.wrong(key, "A context value is a text, a whole number, true or false.", place)
        wanted[key] = frozenset(values)
    return wanted


def _ruling(then: Table, name: str) -> Ruling:
    verdict = then.choice("verdict", Verdict, required=True)
    case = then.flag("case") or False
    queue = then.text("queue", absent="review", most=40)
    if queue is not None and not _QUEUE.fullmatch(queue):
        then.wrong("queue", "A queue's name has small letters, digits and hyphens, at most 40.")
    for key in ("queue", "assessors"):
        if key in then.data and not case:
            then.wrong(key, f"`{key}` says how a case is worked on, but none opens here; add case = true.")
    keep, days = _keep(then, case=case)
    return Ruling(
        verdict=Verdict(verdict or Verdict.HOLD),
        rule=name,
        case=case,
        queue=queue or "review",
        assessors=then.integer("assessors", 1, 5) or 1,
        keep=keep,
        keep_days=days,
    )


def _keep(then: Table, *, case: bool) -> tuple[Keep, int | None]:
    given: Any = then.text("keep", absent="nothing")
    if given is None or given == Keep.NOTHING:
        return Keep.NOTHING, None
    if not case:
        then.wrong("keep", "Bytes are kept for a reason, and that is a case; add case = true, or keep nothing.")
    if given == Keep.WHILE_CASE_OPEN:
        return Keep.WHILE_CASE_OPEN, None
    if found := _DAYS.fullmatch(given):
        return Keep.DAYS, int(found[1])
    then.wrong("keep", f'{as_text(given)} is none of "nothing", "while_case_open", "30 days".')
    return Keep.NOTHING, None
