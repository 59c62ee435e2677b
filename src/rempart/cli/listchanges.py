"""`rempart list changes | approve | refuse`: what was asked for, and the second person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from rempart.cli.exitcodes import NOTHING_FOUND
from rempart.cli.listdata import DATA, JSON, opened, say, say_changes, told
from rempart.clock import iso
from rempart.lists import staging_records
from rempart.lists.staging_records import State


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
    return report(done, as_json)


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
    return report(done, as_json)


def report(done: staging_records.ChangeSet, as_json: bool) -> int:
    """Say what a change set came to; gives the exit code."""
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
