"""What a scan says about one file, and its one JSON form, from which every other output is written."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from rempart.clock import iso
from rempart.lists.lookup import EXACT
from rempart.scan.paths import json_path, visible
from rempart.scan.walk import Problem, Stamp
from rempart.signals.outcome import Outcome


class Result(StrEnum):
    """The groups that every output keeps apart. `clear` means: checked, and on none of these lists."""

    MATCH = "match"
    KNOWN_GOOD = "known_good"
    CLEAR = "clear"
    UNHASHED = "unhashed"


class Checked(StrEnum):
    """By what a file was checked: pictures by `all`, other files and flat pictures by digests, some by nothing."""

    ALL = "digests and pdq"
    DIGESTS = "digests"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is looked at: a file by its path, or a member inside an archive by its names and positions."""

    path: str
    members: tuple[str, ...] = ()
    at: tuple[int, ...] = ()
    stamp: Stamp | None = None

    @property
    def label(self) -> str:
        """The path, with `!/` before each name inside an archive; never used to open anything."""
        return "!/".join((self.path, *self.members))


@dataclass(frozen=True, kw_only=True)
class Record:
    """One file's outcome and result. `matches` and `known_good` are plain mappings as the JSON form shows them."""

    target: Target
    outcome: Outcome | None
    result: Result
    checked: Checked
    media_type: str | None = None
    size: int | None = None
    sha256: str | None = None
    sha1: str | None = None
    md5: str | None = None
    pdq: str | None = None
    pdq_quality: int | None = None
    recipe: str | None = None
    width: int | None = None
    height: int | None = None
    error: str | None = None
    problem: Problem | None = None
    matches: tuple[Mapping[str, Any], ...] = ()
    known_good: tuple[Mapping[str, Any], ...] = ()

    @property
    def other_entries(self) -> int:
        """How many entries match besides that of the first match; one entry found in two ways is one."""
        return max(len({(one["list"], one["entry"]) for one in self.matches}) - 1, 0)

    @cached_property
    def by_design(self) -> bool:
        """Whether it was left out on purpose (a link, a pipe, a device), so that nothing failed."""
        return self.problem in (Problem.LINK, Problem.SPECIAL)

    @property
    def exact(self) -> bool:
        """Whether a match is by a digest: the very same bytes are on a list."""
        return any(match["distance"] == 0 and match["probe"] == EXACT for match in self.matches)

    @property
    def is_picture(self) -> bool:
        return self.media_type is not None and self.media_type.startswith("image/")


_PLAIN = (
    "outcome", "media_type", "size", "sha256", "sha1", "md5", "pdq", "pdq_quality", "recipe", "error", "result",
)  # fmt: skip


def to_object(record: Record) -> dict[str, Any]:
    """The JSON object of a record: the fields of `rempart hash`, then `result`, `matches` and what a scan adds."""
    target = record.target
    path, path_bytes = json_path(target.label)
    done: dict[str, Any] = {"path": path}
    for name in _PLAIN:
        done[name] = getattr(record, name)
    done["matches"] = list(record.matches)
    done["known_good"] = list(record.known_good)
    done["checked"] = record.checked
    done["width"], done["height"] = record.width, record.height
    done["problem"] = record.problem
    if target.stamp is not None:
        done["modified"] = modified(target.stamp)
    if target.members:
        done["members"] = [visible(name) for name in target.members]
        done["member_at"] = list(target.at)
    if path_bytes is not None:
        done["path_bytes"] = path_bytes
    return done


def modified(stamp: Stamp) -> str:
    """The file's modification time in UTC."""
    try:
        return iso(datetime.fromtimestamp(stamp.mtime_ns // 1_000_000 / 1000, UTC))
    except (OverflowError, ValueError, OSError):
        return f"{stamp.mtime_ns} ns"


def to_line(record: Record) -> str:
    """The journal's line: the group's letter, the JSON object, and what only a resumed run needs, after a tab."""
    target, stamp = record.target, record.target.stamp
    inner: dict[str, Any] = {
        "p": base64.b64encode(target.path.encode("utf-8", "surrogateescape")).decode("ascii"),
        "s": [stamp.size, stamp.mtime_ns, stamp.inode] if stamp else None,
    }
    if record.by_design:
        inner["d"] = True
    if target.members:
        inner["m"], inner["a"] = list(target.members), list(target.at)
    return f"{LETTERS[record.result]}{json_line(record)}\t{json.dumps(inner)}"


def json_line(record: Record) -> str:
    """The record as one line of JSON in ASCII."""
    return json.dumps(to_object(record))


def json_of_line(line: str) -> str:
    """The JSON object of a journal line, as text."""
    return line[1 : line.index("\t")]


def from_line(line: str) -> Record:
    """The record of a journal line."""
    shown, inner = line[1:].split("\t")
    data, more = json.loads(shown), json.loads(inner)
    stamp = more["s"] and Stamp(size=more["s"][0], mtime_ns=more["s"][1], inode=more["s"][2])
    target = Target(
        path=base64.b64decode(more["p"]).decode("utf-8", "surrogateescape"),
        members=tuple(more.get("m", ())), at=tuple(more.get("a", ())), stamp=stamp,
    )  # fmt: skip
    return Record(
        target=target,
        outcome=Outcome(data["outcome"]) if data["outcome"] else None,
        result=Result(data["result"]),
        checked=Checked(data["checked"]),
        problem=Problem(data["problem"]) if data["problem"] else None,
        matches=tuple(data["matches"]),
        known_good=tuple(data["known_good"]),
        **{name: data[name] for name in _PLAIN if name not in ("outcome", "result")},
        width=data["width"], height=data["height"],
    )  # fmt: skip


LETTERS = {Result.MATCH: "m", Result.KNOWN_GOOD: "k", Result.CLEAR: "c", Result.UNHASHED: "u"}
RESULT_LETTERS = frozenset(LETTERS.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class LineKey:
    """What a resumed run needs of a journal line. `left_out`: it was left out by design and needs no second look."""

    path: str
    at: tuple[int, ...]
    stamp: Stamp | None
    left_out: bool


def key_of_line(line: str) -> LineKey:
    """The key of a journal line, without building the whole record."""
    inner = json.loads(line[line.index("\t") + 1 :])
    stamp = inner["s"] and Stamp(size=inner["s"][0], mtime_ns=inner["s"][1], inode=inner["s"][2])
    return LineKey(
        path=base64.b64decode(inner["p"]).decode("utf-8", "surrogateescape"), at=tuple(inner.get("a", ())),
        stamp=stamp or None, left_out="d" in inner,
    )  # fmt: skip
