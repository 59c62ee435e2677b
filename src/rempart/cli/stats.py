"""`rempart stats`: transparency reports, made from the ledger and made again by anybody who has an export."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rempart.cli.datafolder import data_option, opened_data
from rempart.cli.exitcodes import NOTHING_FOUND
from rempart.cli.ledger import EXISTING, KEYS, NOT_EXCLUDED, OUTCOMES, keys_of, text_of
from rempart.cli.terminal import printable
from rempart.errors import ConflictError, RefusedError, StorageFullError

if TYPE_CHECKING:
    from rempart.reports.transparency.periods import Period
    from rempart.reports.transparency.template import Template
    from rempart.reports.transparency.verifying import Recomputed
    from rempart.settings import Settings
    from rempart.store.engine import Store

DIFFERENT = 15
FOLDER = click.Path(path_type=Path, file_okay=False)
_DAY = click.DateTime(["%Y-%m-%d"])
_SHOWN = 5


@click.group()
def command() -> None:
    """Transparency figures (DSA Art. 15 and 24), counted from the ledger and from nothing else.

    \b
    rempart stats report --from 2026-01-01 --to 2026-12-31 --out report-2026
    rempart stats verify report-2026 --ledger log.jsonl --key example.org/ledger+9e30b7d5+Ac4z…
    rempart stats template > template.json
    """


@command.command("report", short_help="Write a report's files to a new folder.")
@click.option("--from", "first", type=_DAY, help="The first day, in UTC. [of the last period that is over]")
@click.option("--to", "last", type=_DAY, help="The last day, in UTC. [of the last period that is over]")
@click.option("--out", "-o", metavar="FOLDER", type=FOLDER, required=True, help="A folder that is not there yet.")
@click.option("--template", "template_file", metavar="FILE", type=EXISTING, help="Instead of the one that is set.")
@click.option("--written", "written_file", metavar="FILE", type=EXISTING, help="What people wrote for it.")
@click.option("--json", "as_json", is_flag=True, help="What was made as JSON.")
@data_option
def make(
    first: Any, last: Any, out: Path, template_file: Path | None, written_file: Path | None, as_json: bool, data: Path
) -> int:
    """Write a report of the days from --from to --to (both in it, in UTC) to a folder: eleven sections as CSV, and
    further figures. Numbers from 1 to 4 are hidden, with whatever would give them away.

    The ledger is signed and counted to its end first. Whoever has an export of it can make the same files again
    with `rempart stats verify`.
    """
    from rempart.reports.transparency.reporting import report
    from rempart.server.ledgers import open_sequencer

    if out.exists():
        raise ConflictError(f"{out} is there already.", hint="Choose a folder that is not.")
    with opened_data(data) as opened:
        store, settings = opened.store, opened.settings
        period, declared = _period(settings, first, last, today=store.clock().date())
        template, written = _given(settings, template_file, written_file)
        sequencer = open_sequencer(settings, store)
        signed = sequencer.checkpoint()
        origin = signed.note.partition("\n")[0]
        done = report(store, period, signed=signed, origin=origin, template=template, written=written)
        began = _began(store)
    _write(out, done.files)
    told = {
        "folder": str(out), "from": f"{period.first}", "to": f"{period.last}", "time_zone": "UTC",
        "leaves": done.made.leaves, "files": sorted(done.files), "early": done.early, "declared_period": declared,
        "ledger_begins": f"{began}" if began else None,
    }  # fmt: skip
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return NOTHING_FOUND
    click.echo(f"{out}: {len(done.files)} files, {period.first} to {period.last} (UTC), {done.made.leaves} leaves.")
    if first is None:
        click.echo("No days were given: these are the last reporting period that is over.")
    _say_beginning(began, period)
    if done.early:
        click.echo("This period is not over: whatever still happens in it is not in the report.", err=True)
    if not declared:
        click.echo(
            "These days are no reporting period of this deployment. Publish no reports whose days cut across those of"
            " others: from the difference of two, hidden numbers can be reckoned.",
            err=True,
        )
    return NOTHING_FOUND


@command.command(short_help="Make a report again from an export; no database is needed.")
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--ledger", "export", metavar="EXPORT", type=EXISTING, required=True, help="An export of the ledger.")
@KEYS
@click.option("--checkpoint", "checkpoints", multiple=True, metavar="FILE", type=EXISTING, help="One you kept before.")
@click.option("--json", "as_json", is_flag=True, help="The outcome as JSON.")
def verify(
    folder: Path, export: Path, keys: tuple[str, ...], checkpoints: tuple[Path, ...], as_json: bool
) -> int:  # fmt: skip
    """Make the report in FOLDER again from an export of the ledger, and compare every file to the byte.

    \b
    Exit codes: 0 the same; 15 a file is not what the ledger gives; those of `rempart ledger verify` where the
    ledger itself does not verify (10 changed, 11 removed, 12 reordered, 13 forked, 14 incomplete);
    2 it could not be verified.

    What the operator wrote stands in no ledger and is only counted.
    """
    from rempart.reports.transparency.verifying import verify as recompute

    try:
        found = recompute(folder, export, keys=keys_of(keys), checkpoints=[text_of(one) for one in checkpoints])
    except tuple(OUTCOMES) as err:
        code, word = next(OUTCOMES[kind] for kind in type(err).__mro__ if kind in OUTCOMES)
        if as_json:
            click.echo(json.dumps({"outcome": word, "error": str(err)}, ensure_ascii=False))
        else:
            click.echo(printable(f"{word}: {err}"), err=True)
        return code
    told = _told(found)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _say(found, told)
    return DIFFERENT if found.differences else NOTHING_FOUND


@command.command(short_help="Print the template, to be copied and changed.")
@click.option("--written", "wanted", is_flag=True, help="The file for what people write, instead.")
@click.option("--check", "check_file", metavar="FILE", type=EXISTING, help="Say what is wrong with one.")
def template(wanted: bool, check_file: Path | None) -> int:
    """Print the template of reports (JSON): files, columns, headings and labels in your own words and language.

    With --written, the file that people fill in (TOML): human resources, qualitative parts, numbers of recipients.
    """
    from rempart.reports.transparency.template import built_in_text, read_template
    from rempart.reports.transparency.written import blank, read_written

    if check_file is not None:
        text = text_of(check_file)
        count = len(read_written(text)) if wanted else len(read_template(text).layouts)
        click.echo(f"Nothing is wrong with it: {count} {'rows' if wanted else 'files'}.")
        return NOTHING_FOUND
    click.echo(blank() if wanted else built_in_text(), nl=False)
    return NOTHING_FOUND


def _period(settings: Settings, first: Any, last: Any, *, today: date) -> tuple[Period, bool]:
    """The days that were asked for, and whether they are a reporting period of this deployment."""
    from rempart.reports.transparency.periods import Every, Period, period_before, period_with

    every = Every(settings.transparency.period)
    if first is None and last is None:
        return period_before(today, every), True
    if first is None or last is None:
        raise click.UsageError("--from and --to belong together.")
    asked = Period(first=first.date(), last=last.date())
    return asked, any(asked == period_with(asked.first, one) for one in {every, Every.YEAR})


def _began(store: Store) -> date | None:
    from rempart.evidence.ledger.records import oldest_at

    with store.read() as conn:
        found = oldest_at(conn)
    return None if found is None else found.date()


def _say_beginning(began: date | None, period: Period) -> None:
    if began is None or began > period.last:
        when = "is empty" if began is None else f"begins on {began}, after these days"
        click.echo(f"The ledger {when}: nothing was counted. Choose days with --from and --to.", err=True)
    elif began > period.first:
        click.echo(f"The ledger begins on {began}: what happened before that day is in no figure.", err=True)


def _given(settings: Settings, template_file: Path | None, written_file: Path | None) -> tuple[Template, str]:
    from rempart.reports.transparency.template import built_in_text, read_template

    set_ = settings.transparency
    layout = template_file or (settings.data / set_.template if set_.template else None)
    own = written_file or (settings.data / set_.written if set_.written else None)
    try:
        text = built_in_text() if layout is None else text_of(layout)
        return read_template(text), "" if own is None else text_of(own)
    except OSError as err:
        raise RefusedError(f"{err.filename} cannot be read: {err.strerror}.") from err


def _write(out: Path, files: dict[str, bytes]) -> None:
    """All files or none: they are made beside the folder, which then gets its name."""
    try:
        beside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.absolute().parent))
    except OSError as err:
        raise RefusedError(f"{out} cannot be made: {err.strerror}.") from err
    try:
        for name, data in files.items():
            (beside / name).write_bytes(data)
        beside.chmod(0o777 & ~_umask())
        beside.rename(out)
    except OSError as err:
        raise StorageFullError(f"{out} could not be written: {err.strerror}.") from err
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _told(found: Recomputed) -> dict[str, Any]:
    since = found.ledger.unaltered_since
    ledger = NOT_EXCLUDED if since is None else f"verified, the first {since} leaves are those signed before"
    return {
        "outcome": "different" if found.differences else "the same",
        "ledger": ledger,
        "of": found.ledger.origin,
        "leaves": found.made.leaves,
        "from": f"{found.made.period.first}",
        "to": f"{found.made.period.last}",
        "late_leaves": found.late,
        "rows_written_by_the_operator": found.written,
        "template": "built in" if found.template_built_in else "the operator's",
        "differences": [
            {"file": one.file, "lines": [{"line": n, "is": a, "should_be": b} for n, a, b in one.lines]}
            for one in found.differences
        ],
    }


def _say(found: Recomputed, told: dict[str, Any]) -> None:
    for name, value in told.items():
        if name != "differences":
            click.echo(printable(f"{name.replace('_', ' ')}: {value}"))
    for one in found.differences:
        for line, there, should in one.lines[:_SHOWN]:
            click.echo(printable(f"{one.file}, line {line}: is {there!r}, the ledger gives {should!r}"), err=True)
