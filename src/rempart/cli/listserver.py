"""`rempart list …` on the lists of a service: its database is changed, and a running server need not stop."""

from __future__ import annotations

import gc
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from rempart.cli.exitcodes import NOTHING_FOUND
from rempart.cli.listchanges import approve, changes, refuse, report
from rempart.cli.listdata import AS, DATA, JSON, LIST, Opened, open_input, opened, say
from rempart.cli.listguards import breakers, guard
from rempart.clock import utc_now
from rempart.errors import RefusedError
from rempart.lists import breaker_records, entry_records
from rempart.lists.curation_settings import ListWish
from rempart.lists.entry import Entry, EntrySignal, Opinion, derived_id
from rempart.lists.entry_records import LiveList
from rempart.lists.growth import USUAL, GrowthLimits
from rempart.lists.ingest import Wishes
from rempart.lists.records import Mode
from rempart.lists.registry import NAMES
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
    return report(done, as_json)


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
    """Import FILE (- for standard input) into LIST, in any format that `build` reads, or a folder of pictures.

    \b
    rempart list import trial partner.ndjson
    rempart list import police export.json --scheme vic-us --as anna
    rempart list import ours pictures/

    Nothing is live before the last line was read. On a list that blocks or is shared it waits for a second person.
    Lines that cannot be read are refused one by one and reported with their numbers.
    """
    wishes = Wishes(
        origin=source or ("" if file == "-" else Path(file).name[:200]), feed=feed, format_name=format_name,
        scheme=scheme, force=force, restore=restore, accept_flagged=accept_flagged,
    )  # fmt: skip
    if Path(file).is_dir():
        from rempart.cli.listpictures import import_folder

        with opened(data, actor) as there:
            done = import_folder(there, there.named(list_name), Path(file), wishes, as_json=as_json)
        return report(done, as_json)
    with opened(data, actor) as there, open_input(file) as stream:
        gc.freeze()  # what was loaded so far stays; looking through it again and again takes a sixth of an import
        done = there.curation.take_in(there.named(list_name).id, stream, wishes, by=there.by)
    return report(done, as_json)


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
        return report(done, as_json)
    if as_json:
        click.echo(json.dumps({"ref": ref, "withdrawn": True}, ensure_ascii=False))
    else:
        say(f"{ref} is withdrawn.")
    return NOTHING_FOUND


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
        return report(staged, as_json)
    if as_json:
        click.echo(json.dumps(_list_document(now, 0), ensure_ascii=False))
    else:
        say(f"{now.name} is {now.mode}{', shared' if now.shared else ''}.")
    return NOTHING_FOUND


def _all(there: Opened) -> tuple[LiveList, ...]:
    found: tuple[LiveList, ...] = ()
    with there.store.read() as conn:
        while page := entry_records.all_lists(conn, after=found[-1].number if found else 0):
            found += page
    return found


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
