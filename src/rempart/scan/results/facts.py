"""What every output says about the scan itself, so that someone else can repeat it and count again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from rempart.scan.records import Record, Result
from rempart.scan.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFacts:
    """A list as it was used: its name, its file, the SHA-256 of that file, and how many entries it has."""

    name: str
    file: str
    sha256: str
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The settings and circumstances of a scan. Times are aware."""

    version: str
    paths: tuple[str, ...]
    lists: tuple[ListFacts, ...]
    probe_set: str
    radius: int
    recipe: str
    workers: int
    limits: tuple[tuple[str, str], ...]
    software: tuple[tuple[str, str], ...]
    started: datetime
    ended: datetime
    runs: int = 1
    kept_from_before: int = 0
    atime_unkept: int = 0
    archives: bool = True


Records = Callable[[Result], Iterator[Record]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that an output is written from. `records` reads one group from the start, as often as it is called."""

    facts: Facts
    records: Records
    tally: Tally = field(default_factory=Tally)


ORDER = (Result.MATCH, Result.KNOWN_GOOD, Result.CLEAR, Result.UNHASHED)
