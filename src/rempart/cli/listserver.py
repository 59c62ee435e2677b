"""`rempart list …` on the lists of a service: its database is changed, and a running server need not stop."""

from __future__ import annotations

import gc
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from rempart.cli.exitcodes import NOTHING_FOUND
from rempart.cli.listdata import AS, DATA, JSON, LIST, Opened, open_input, opened, say, say_changes, told
from rempart.clock import iso, utc_now
from rempart.errors import RefusedError
from rempart.lists import breaker, breaker_records, entry_records, staging_records
from rempart.lists.curation_settings import ListWish
from rempart.lists.entry import Entry, EntrySignal, Opinion, derived_id
from rempart.lists.entry_records import LiveList
from rempart.lists.growth import USUAL, GrowthLimits
from rempart.lists.ingest import Wishes
from rempart.lists.records import Mode
from rempart.lists.registry import NAMES, detect
from rempart.lists.report import Reading
from rempart.lists.schemes import built_in
from rempart.lists.source import prepared
from rempart.lists.staging_records import State
from rempart.lists.vocabulary import ReadOptions
from rempart.signals.values import parse_signal

_RESTORE = click.option("--restore", is_flag=True, help="Take entries back that were withdrawn here.")
_FLAGGED = click.option("--accept-flagged", is_flag=True, help="Let in what canaries or noisy hashes speak against.")
_DAYS = 7


@click.command()
@click.argument("name", metavar="NAME")
@click.option("--blocking", is_flag=True, help="Policy acts on its matches. [they are only counted]")
@click.option("--shared", is_flag=True, help="Others use it too.")
@click.option("--scheme", metavar="ID", default="", help="Category scheme for files that name none.")
@click.option("--growth-percent", type=click.IntRange(1, 1000), default=USUAL.percent, show_default=True)
@click.option("--growth-rows", type=click.IntRange(0), default=USUAL.rows, show_default=True)
@DATA
@AS
@JSON
def create(
    name: str,
    blocking: bool,
    shared: bool,
    scheme: str,
    growth_percent: int,
    growth_rows: int,
    data: Path,
    actor: str | None,
    as_json: bool,
) -> int:
    """Make an empty list called NAME. The growth limits say how much a feed may change within a day."""
    with opened(data, actor) as there:
        made = there.curation.create(
            name=name, by=there.by, mode=Mode.BLOCKING if blocking else Mode.OBSERVING, shared=shared, scheme=scheme,
            growth=GrowthLimits(percent=growth_percent, rows=growth_rows),
        )  # fmt: skip
    if as_json:
        click.echo(json.dumps(_list_document(made, 0), ensure_ascii=False))
    else:
        say(f"{made.id}: list {made.name!r}, {made.mode}{', shared' if made.shared else ''}.")
    return NOTHING_FOUND


@click.command()
@click.argument("list_name", metavar="[LIST]", required=False)
@DATA
@JSON
def ls(list_name: str | None, data: Path, as_json: bool) -> int:
    """The lists of the service, or only LIST: mode, entries, and how many checks they matched in seven days."""
    with opened(data) as there:
        found = (there.named(list_name),) if list_name else _all(there)
        day = (utc_now() - datetime(1970, 1, 1, tzinfo=UTC)).days - _DAYS + 1
        with there.store.read() as conn:
            hits = breaker_records.hits_since(conn, [one.id for one in found], day=day)
    for one in found:
        if as_json:
            click.echo(json.dumps(_list_document(one, hits.get(one.id, 0)), ensure_ascii=False))
        else:
            kind = f"{one.mode}{', shared' if one.shared else ''}"
            say(f"{one.id}  {one.name}  ({kind})  entries: {one.live}, matches in 7 days: {hits.get(one.id, 0)}")
    if not found and not as_json:
        say("There is no list yet: rempart list create NAME")
    return NOTHING_FOUND


@click.command()
@LIST
@click.argument("signals", metavar="SIGNAL…", nargs=-1, required=True)
@click.option("--ref", default="", help="What the entry is called. [a digest of its first signal]")
@click.option("--scheme", metavar="ID", default="", help="Category scheme. [the list's]")
@click.option("--code", default="", help="Category code in the scheme.")
@click.option("--opinion", type=click.Choice([one.value for one in Opinion]), default="positive", show_default=True)
@_RESTORE
@_FLAGGED
@DATA
@AS
@JSON
def add(
    list_name: str,
    signals: tuple[str, ...],
    ref: str,
    scheme: str,
    code: str,
    opinion: str,
    restore: bool,
    accept_flagged: bool,
    data: Path,
    actor: str | None,
    as_json: bool,
) -> int:
    """Add one entry to LIST: pdq:…, sha256:…, sha1:…, md5:…, or 64 bare digits, which are PDQ.

    Shells keep a history; `import` from a file or standard input does not show the signals there.
    """
    wishes = Wishes(restore=restore, accept_flagged=accept_flagged, scheme=scheme)
    parsed = tuple(EntrySignal(signal=parse_signal(text)) for text in signals)
    with opened(data, actor) as there:
        live = there.named(list_name)
        options = there.curation.intake.options(live, wishes)
        category = options.category(scheme, code) if scheme or code else options.membership()
        name = ref or derived_id(parsed[0].signal)
        entry = Entry(id=name, signals=parsed, category=category, opinion=Opinion(opinion))
        done = there.curation.add(live.id, [entry], wishes, by=there.by)
    return _report(done, as_json)


@click.command("import")
@LIST
@click.argument("file", metavar="FILE")
@click.option("--format", "format_name", type=click.Choice(["auto", *NAMES]), default="auto", show_default=True)
@click.option("--scheme", metavar="ID", default="", help="Category scheme for bare codes. [the list's]")
@click.option("--source", default="", help="Where it comes from. [the file's name]")
@click.option("--feed", is_flag=True, help="It comes again and again: stop and ask at abnormal growth.")
@click.option("--force", is_flag=True, help="Take a file of an unknown version, or one that is cut short.")
@_RESTORE
@_FLAGGED
@DATA
@AS
@JSON
def import_list(
    list_name: str,
    file: str,
    format_name: str,
    scheme: str,
    source: str,
    feed: bool,
    force: bool,
    restore: bool,
    accept_flagged: bool,
    data: Path,
    actor: str | None,
    as_json: bool,
) -> int:
    """Import FILE (- for standard input) into LIST, in any format that `build` reads.

    \b
    rempart list import trial partner.ndjson
    rempart list import police export.json --scheme vic-us --as anna

    Nothing is live before the last line was read. On a list that blocks or is shared it waits for a second person.
    Lines that cannot be read are refused one by one and reported with their numbers.
    """
    wishes = Wishes(
        origin=source or ("" if file == "-" else Path(file).name[:200]), feed=feed, format_name=format_name,
        scheme=scheme, force=force, restore=restore, accept_flagged=accept_flagged,
    )  # fmt: skip
    with opened(data, actor) as there, open_input(file) as stream:
        gc.freeze()  # what was loaded so far stays; looking through it again and again takes a sixth of an import
        done = there.curation.take_in(there.named(list_name).id, stream, wishes, by=there.by)
    return _report(done, as_json)


@click.command()
@LIST
@click.argument("ref", metavar="REF")
@click.option("--reason", default="", help="Why; it is sealed in the ledger.")
@DATA
@AS
@JSON
def withdraw(list_name: str, ref: str, reason: str, data: Path, actor: str | None, as_json: bool) -> int:
    """Withdraw the entry REF of LIST; no lookup finds it any more."""
    with opened(data, actor) as there:
        done = there.curation.withdraw(there.named(list_name).id, ref, by=there.by, reason=reason)
    if done is not None:
        return _report(done, as_json)
    if as_json:
        click.echo(json.dumps({"ref": ref, "withdrawn": True}, ensure_ascii=False))
    else:
        say(f"{ref} is withdrawn.")
    return NOTHING_FOUND


@click.command()
@click.argument("what", metavar="LIST|CHANGES")
@click.option("--rows", type=click.IntRange(0, 10_000), default=20, show_default=True, help="How many rows to show.")
@click.option("--waiting", is_flag=True, help="Only those that wait for a second person.")
@DATA
@JSON
def changes(what: str, rows: int, waiting: bool, data: Path, as_json: bool) -> int:
    """The change sets of LIST, newest first; or one of them by its id, with its rows (no signals)."""
    with opened(data) as there:
        if what.startswith("chg_"):
            one = there.curation.changeset(what)
            with there.store.read() as conn:
                flagged = staging_records.rows_from(conn, one.id, first=0, limit=rows, flagged=True)
                found = staging_records.rows_from(conn, one.id, first=0, limit=rows, flagged=False)
            _show_rows(told(one), (*flagged, *found)[:rows], as_json=as_json)
            return NOTHING_FOUND
        with there.store.read() as conn:
            states = (State.STAGED,) if waiting else None
            sets = staging_records.of_list(conn, there.named(what).id, limit=rows or 1, states=states)
    for one in sets:
        if as_json:
            click.echo(json.dumps(told(one), ensure_ascii=False))
        else:
            counts = ", ".join(f"{name} {count}" for name, count in sorted(one.counts.items()))
            say(f"{one.id}  {iso(one.created)}  {one.state}  {one.kind}  {counts}")
    return NOTHING_FOUND


@click.command()
@click.argument("changes_id", metavar="CHANGES")
@click.option("--reason", default="", help="Why.")
@click.option("--as", "actor", metavar="NAME", required=True, help="Who decides; asks for password and code.")
@DATA
@JSON
def approve(changes_id: str, reason: str, actor: str, data: Path, as_json: bool) -> int:
    """Agree to the staged change set CHANGES as a second person, and put it into effect."""
    with opened(data, actor) as there:
        done = there.curation.decide(changes_id, by=there.by, approve=True, reason=reason)
    return _report(done, as_json)


@click.command()
@click.argument("changes_id", metavar="CHANGES")
@click.option("--reason", default="", help="Why.")
@click.option("--as", "actor", metavar="NAME", required=True, help="Who decides; asks for password and code.")
@DATA
@JSON
def refuse(changes_id: str, reason: str, actor: str, data: Path, as_json: bool) -> int:
    """Refuse the staged change set CHANGES; nothing of it enters."""
    with opened(data, actor) as there:
        done = there.curation.decide(changes_id, by=there.by, approve=False, reason=reason)
    return _report(done, as_json)


@click.command()
@LIST
@click.argument(
    "wanted", metavar="[observing|blocking]", required=False, type=click.Choice([one.value for one in Mode])
)
@click.option("--shared/--private", default=None, help="Whether others use it too.")
@click.option("--feed", "feeds", multiple=True, metavar="SOURCE", help="Let this feed in without asking each time.")
@click.option("--no-feeds", is_flag=True, help="Let no feed in without asking.")
@click.option("--growth-percent", type=click.IntRange(1, 1000), help="What a feed may change within a day.")
@click.option("--growth-rows", type=click.IntRange(0), help="The same in entries.")
@_FLAGGED
@DATA
@AS
@JSON
def mode(
    list_name: str,
    wanted: str | None,
    shared: bool | None,
    feeds: tuple[str, ...],
    no_feeds: bool,
    growth_percent: int | None,
    growth_rows: int | None,
    accept_flagged: bool,
    data: Path,
    actor: str | None,
    as_json: bool,
) -> int:
    """Change what LIST does. What would begin to block or be shared is checked, and waits for a second person."""
    if feeds and no_feeds:
        raise RefusedError("--feed and --no-feeds contradict each other.")
    with opened(data, actor) as there:
        live = there.named(list_name)
        growth = GrowthLimits(
            percent=live.growth.percent if growth_percent is None else growth_percent,
            rows=live.growth.rows if growth_rows is None else growth_rows,
        )
        wish = ListWish(
            mode=Mode(wanted) if wanted else None, shared=shared, growth=growth,
            feeds=() if no_feeds else tuple(dict.fromkeys((*live.feeds, *feeds))),
        )  # fmt: skip
        now, staged = there.curation.change(live.id, wish, by=there.by, accept_flagged=accept_flagged)
    if staged is not None:
        return _report(staged, as_json)
    if as_json:
        click.echo(json.dumps(_list_document(now, 0), ensure_ascii=False))
    else:
        say(f"{now.name} is {now.mode}{', shared' if now.shared else ''}.")
    return NOTHING_FOUND


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


def _all(there: Opened) -> tuple[LiveList, ...]:
    found: tuple[LiveList, ...] = ()
    with there.store.read() as conn:
        while page := entry_records.all_lists(conn, after=found[-1].number if found else 0):
            found += page
    return found


def _report(done: staging_records.ChangeSet, as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps(told(done), ensure_ascii=False))
    else:
        say_changes(done)
    return NOTHING_FOUND


def _show_rows(document: dict[str, Any], rows: tuple[staging_records.Row, ...], *, as_json: bool) -> None:
    shown = [
        {"no": row.no, "step": row.step.value, "ref": row.ref, "what": row.what, "was": row.was, "flag": row.flag}
        for row in rows
    ]
    if as_json:
        click.echo(json.dumps(document | {"rows": shown}, ensure_ascii=False))
        return
    say(f"{document['changes']}  {document['state']}  {document['why']}")
    say("  " + ", ".join(f"{name} {count}" for name, count in sorted(document["counts"].items())))
    for row in rows:
        what = f" ({row.what})" if row.what else ""
        say(f"  {row.step:8} {row.ref}{what}{'  ! ' + row.flag if row.flag else ''}")


def _list_document(one: LiveList, hits: int) -> dict[str, Any]:
    return {
        "id": one.id, "name": one.name, "mode": one.mode.value, "shared": one.shared, "owner": one.owner,
        "scheme": one.scheme, "growth": one.growth.document(), "feeds": list(one.feeds), "entries": one.live,
        "matched_7_days": hits,
    }  # fmt: skip


COMMANDS = {
    "create": create, "ls": ls, "add": add, "import": import_list, "withdraw": withdraw, "changes": changes,
    "approve": approve, "refuse": refuse, "mode": mode, "guard": guard, "breakers": breakers,
}  # fmt: skip
