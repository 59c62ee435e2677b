"""`rempart policy`: check a policy, see what it would change, propose it, put it in force."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rempart.cli.exitcodes import FOUND, NOTHING_FOUND
from rempart.cli.terminal import printable
from rempart.errors import NotFoundError, RefusedError

if TYPE_CHECKING:
    from rempart.policy.replay import Difference

PATH = click.Path(path_type=Path)
FILE = click.argument("file", metavar="FILE", type=PATH)
JSON = click.option("--json", "as_json", is_flag=True, help="The outcome as JSON.")
DATA = click.option(
    "--data", metavar="DIR", type=click.Path(path_type=Path, file_okay=False), envvar="REMPART_DATA",
    default=Path("rempart-data"), show_default=True, help="The data folder; also from $REMPART_DATA.",
)  # fmt: skip
_MOST_CHECKS = 1_000_000


@click.group()
def command() -> None:
    """What follows from a match: one readable file of rules.

    \b
    rempart policy show > mine.toml
    rempart policy check mine.toml
    rempart policy test mine.toml
    rempart policy put mine.toml
    """


@command.command()
@FILE
@JSON
def check(file: Path, as_json: bool) -> int:
    """Read FILE and name every mistake with its line; needs no data folder."""
    from rempart.policy.reading import parse

    policy = parse(_text(file))
    if as_json:
        told = {"name": policy.name, "rules": [rule.ruling.rule for rule in policy.rules]}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        click.echo(printable(f"{policy.name}: {len(policy.rules)} rules, no mistakes."))
    return NOTHING_FOUND


@command.command()
@FILE
@click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="Checks of so many days.")
@DATA
@JSON
def test(file: Path, days: int, data: Path, as_json: bool) -> int:
    """Decide past checks anew by FILE and show what would differ. Nothing is changed.

    Exit code 1 when something would differ. A check knows only the matches of its own time: what entered a list later
    is in it where look-back has found it.
    """
    from rempart.cli.datafolder import opened_data
    from rempart.clock import utc_now
    from rempart.policy.reading import parse
    from rempart.policy.versions import PolicyStore
    from rempart.server.trying import tried

    candidate = parse(_text(file))
    with opened_data(data) as folder, folder.store.read() as conn:
        done = tried(conn, candidate, policies=PolicyStore(), since=utc_now() - timedelta(days=days), most=_MOST_CHECKS)
    version, found, names = done.version, done.difference, {str(item): name for item, name in done.names.items()}
    if as_json:
        click.echo(json.dumps({"version": version, "days": days} | found.document() | {"items": names}))
    else:
        _show_difference(found, names, version=version, days=days)
    return NOTHING_FOUND if found.nothing else FOUND


@command.command()
@click.option("--version", "version", type=int, help="Another version than the one in force.")
@click.option("--all", "everything", is_flag=True, help="All versions and proposals, without their texts.")
@DATA
@JSON
def show(version: int | None, everything: bool, data: Path, as_json: bool) -> int:
    """The policy in force, as text that can be changed and put back."""
    from rempart.cli.datafolder import opened_data
    from rempart.policy import records
    from rempart.policy.reading import default_text

    with opened_data(data) as folder, folder.store.read() as conn:
        rows = records.recent(conn, most=200)
        row = records.newest_put(conn) if version is None else records.of_version(conn, version)
    if everything:
        _show_all(rows, as_json=as_json)
        return NOTHING_FOUND
    if row is None and version is not None:
        raise NotFoundError(f"There is no version {version}.", hint="`rempart policy show --all` lists them.")
    text = default_text() if row is None else row.text
    if as_json:
        click.echo(json.dumps({"version": row.version if row else 0, "text": text}, ensure_ascii=False))
    else:
        click.echo(text, nl=False)
    return NOTHING_FOUND


@command.command()
@FILE
@click.option("--as", "actor", metavar="NAME", help="Propose as this person; asks for password and code.")
@DATA
@JSON
def put(file: Path, actor: str | None, data: Path, as_json: bool) -> int:
    """Propose FILE as the next policy. A second person puts it in force."""
    from rempart.cli.actor import acting
    from rempart.cli.datafolder import opened_data
    from rempart.people.permissions import Permission
    from rempart.policy import versions

    text = _text(file)
    with opened_data(data) as folder, acting(folder, actor) as by:
        if not by.may(Permission.POLICY_PROPOSE):
            raise RefusedError("You may not propose a policy.", hint="A lead or a curator may.")
        with folder.store.write() as conn:
            row = versions.propose(conn, text, by=by, at=folder.store.clock())
    if as_json:
        click.echo(json.dumps({"policy": row.id, "approval": row.approval, "state": row.state}))
    else:
        click.echo(f"{row.id} waits for a second person, in the browser or here:")
        click.echo(f"  rempart policy approve {row.id} --as NAME")
    return NOTHING_FOUND


@command.command()
@click.argument("policy_id", metavar="POLICY")
@click.option("--as", "actor", metavar="NAME", required=True, help="Who approves; asks for password and code.")
@click.option("--refuse", is_flag=True, help="Refuse it instead.")
@click.option("--reason", default="", help="Why; it is kept sealed in the ledger.")
@DATA
@JSON
def approve(policy_id: str, actor: str, refuse: bool, reason: str, data: Path, as_json: bool) -> int:
    """Put a proposed policy in force, as the second person. Running servers follow within a second."""
    from rempart.cli.actor import acting
    from rempart.cli.datafolder import opened_data
    from rempart.policy import versions

    with opened_data(data) as folder, acting(folder, actor) as by:
        at, people = folder.store.clock(), folder.settings.people
        with folder.store.write() as conn:
            row = versions.decide(
                conn, policy_id, by=by, approve=not refuse, reason=reason, at=at, alone_after=people.alone_after
            )  # fmt: skip
    if as_json:
        click.echo(json.dumps({"policy": row.id, "version": row.version, "state": row.state}))
    else:
        click.echo(f"Version {row.version} is in force." if row.version else "It was refused.")
    return NOTHING_FOUND


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise RefusedError(f"{file} cannot be read: {getattr(err, 'strerror', None) or 'it is not UTF-8'}.") from err


def _show_difference(found: Difference, names: dict[str, str], *, version: int, days: int) -> None:
    from rich.console import Console
    from rich.table import Table

    click.echo(f"{found.checks:,} checks of the last {days} days, against version {version} in force:")
    if found.nothing:
        click.echo("Nothing would differ.")
        return
    click.echo(f"{found.changed:,} verdicts would differ.")
    table = Table("verdict now", "by rule", "then", "by rule", "checks", "for example", box=None, pad_edge=False)
    for change, count in found.changes.most_common():
        example = next((names[str(item)] for item in found.examples[change] if str(item) in names), "")
        cells = (change.before, change.before_rule, change.after, change.after_rule, f"{count:,}", example)
        table.add_row(*(printable(cell) for cell in cells))
    if found.changes:
        Console(markup=False, highlight=False).print(table)
    click.echo(f"Cases: {found.cases[0]:,} now, {found.cases[1]:,} then.")
    for (before, after), count in found.queues.most_common():
        click.echo(f"  {count:,} from the queue {before} to {after}.")
    click.echo(f"Bytes kept: of {found.kept[0]:,} checks now, of {found.kept[1]:,} then.")


def _show_all(rows: Any, *, as_json: bool) -> None:
    from rempart.clock import iso

    told = [
        {
            "policy": row.id, "version": row.version, "name": row.name, "state": row.state,
            "proposed": iso(row.proposed), "put": None if row.put is None else iso(row.put),
        }
        for row in rows
    ]  # fmt: skip
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for one in told:
        version = f"version {one['version']}" if one["version"] else one["state"]
        click.echo(printable(f"{one['policy']}  {version}  {one['put'] or one['proposed']}  {one['name']}"))
