"""`rempart list guard | breakers`: pictures that must never match, and what matched far too often."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rempart.cli.exitcodes import NOTHING_FOUND
from rempart.cli.listdata import AS, DATA, Opened, open_input, opened, say
from rempart.clock import iso, utc_now
from rempart.lists import breaker, breaker_records
from rempart.lists.registry import detect
from rempart.lists.report import Reading
from rempart.lists.schemes import built_in
from rempart.lists.source import prepared
from rempart.lists.vocabulary import ReadOptions


@click.command()
@click.argument("which", metavar="canary|noisy", type=click.Choice(["canary", "noisy"]))
@click.argument("file", metavar="FILE")
@DATA
@AS
def guard(which: str, file: str, data: Path, actor: str | None) -> int:
    """Take the signals in FILE as canaries (pictures known to be good) or as noisy hashes (shared by many pictures).

    \b
    rempart hash --json holiday-photos/ > good.ndjson
    rempart list guard canary good.ndjson
    """
    count = 0
    with opened(data, actor) as there, open_input(file) as stream:
        source = prepared(stream)
        options = ReadOptions(schemes=built_in(), now=utc_now(), scheme=built_in()["listed"])
        readings = detect(source.head, origin=file).read(source.stream, options=options)
        batch: list[Any] = []
        for one in readings:
            if isinstance(one, Reading):
                batch += [signal.signal for signal in one.entry.signals]
            if len(batch) >= 5_000:
                count += _guarded(there, which, batch)
        count += _guarded(there, which, batch)
    say(f"{count} signals are {'canaries' if which == 'canary' else 'noisy hashes'} now.")
    return NOTHING_FOUND


@click.command()
@click.option("--reset", "subject", metavar="SUBJECT", help="Believe this entry or rule again.")
@click.option("--allow", type=click.IntRange(1), help="With --reset: so many matches in five minutes are usual.")
@click.option("--reason", default="", help="With --reset: what was looked at.")
@DATA
@AS
def breakers(subject: str | None, allow: int | None, reason: str, data: Path, actor: str | None) -> int:
    """The entries and rules that matched far more than usual: their blocks are holds until they are reset."""
    with opened(data, actor) as there:
        if subject is not None:
            with there.store.write() as conn:
                breaker.reset(conn, subject, by=there.by, at=utc_now(), reason=reason, allowed=allow)
            say(f"{subject} is believed again.")
            return NOTHING_FOUND
        with there.store.read() as conn:
            found = breaker_records.tripped(conn)
    for one in found:
        say(f"{one.subject}  since {iso(one.tripped)}: {one.count} matches, usual are {one.usual}")
    if not found:
        say("No breaker is tripped.")
    return NOTHING_FOUND


def _guarded(there: Opened, which: str, batch: list[Any]) -> int:
    count = len(batch)
    if batch:
        there.curation.guard(which, batch, by=there.by)
    batch.clear()
    return count
