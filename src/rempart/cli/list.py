"""`rempart list`: build, show, export and verify hash lists."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from rempart.cli.exitcodes import COULD_NOT, NOTHING_FOUND
from rempart.cli.limits import limit_options, limits_from
from rempart.cli.listing import Building, RefusalFile, build_list, is_same, print_report, refuse_report_over
from rempart.cli.listshow import show_document, show_entries, show_text
from rempart.cli.output import output_file
from rempart.cli.terminal import printable
from rempart.errors import CorruptFileError, ForeignFileError, IncompleteError, RefusedError
from rempart.lists.entry import Disposition
from rempart.lists.formats import csv, jsonl, vics
from rempart.lists.hashlist import HashList
from rempart.lists.registry import NAMES, format_named
from rempart.lists.source import shown
from rempart.lists.verify import verify

PATH = click.Path(path_type=Path)
LIST_FILE = click.argument("out", metavar="LIST", type=PATH)


_SERVED = {
    "create": "Make an empty list.",
    "ls": "The lists, or one of them.",
    "add": "Add one entry.",
    "import": "Import a file or standard input.",
    "withdraw": "Withdraw an entry.",
    "changes": "What was changed, and what waits for a second person.",
    "approve": "Agree to what waits.",
    "refuse": "Refuse what waits.",
    "mode": "Make a list observe or block, share it, let a feed in.",
    "guard": "Keep pictures known to be good, and noisy hashes, out of lists.",
    "breakers": "What matched far more than usual; believe it again.",
}


class _ListGroup(click.Group):
    """Commands for list files stand here; those for the lists of a service load the database when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *_SERVED]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _SERVED:
            return super().get_command(ctx, cmd_name)
        from rempart.cli.listserver import COMMANDS

        return COMMANDS[cmd_name]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        files = [(name, one.get_short_help_str(200)) for name, one in self.commands.items()]
        with formatter.section("List files"):
            formatter.write_dl(files)
        with formatter.section("Lists of a service (in its data folder, --data DIR)"):
            formatter.write_dl(list(_SERVED.items()))


@click.group(cls=_ListGroup)
def command() -> None:
    """Hash lists: files that many processes share, and the lists of a service.

    Lists are confidential: files are made readable for their owner only.
    """


@command.command()
@click.argument("out", metavar="OUT", type=PATH)
@click.argument("more", metavar="[FILE]…", nargs=-1, type=PATH)
@click.option("--from", "sources", multiple=True, metavar="FILE…", type=PATH, help="Files to read.")
@click.option("--pictures", metavar="DIR", type=PATH, help="Make entries from the pictures there.")
@click.option("--format", "format_name", type=click.Choice(["auto", *NAMES]), default="auto", show_default=True)
@click.option("--name", help="The list's name; by default that of the file.")
@click.option("--scheme", metavar="ID", help="Category scheme by id, or a .json file of your own.")
@click.option("--force", is_flag=True, help="Take a VICS file of an unknown version, or one that is cut short.")
@click.option("--report", "report_file", metavar="FILE", type=PATH, help="All refused lines, as JSON Lines.")
@click.option("--workers", type=click.IntRange(1, 256), help="For --pictures. [one per processor]")
@limit_options
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def build(
    out: Path,
    more: tuple[Path, ...],
    sources: tuple[Path, ...],
    pictures: Path | None,
    format_name: str,
    name: str | None,
    scheme: str | None,
    force: bool,
    report_file: Path | None,
    workers: int | None,
    as_json: bool,
    **limits: Any,
) -> int:
    """Build the list OUT from files of partners, or from pictures.

    \b
    rempart list build police.rempart --from export.json --scheme vic-us
    rempart list build ours.rempart --from a.csv b.csv
    rempart list build ours.rempart --pictures folder/

    Lines that cannot be read are refused one by one and stand in the report; they do not change the exit code.
    OUT is put in place as a whole when everything worked, and left as it was otherwise.
    """
    files = (*sources, *more)
    if not files and pictures is None:
        raise click.UsageError("Say what to build from: --from FILE… or --pictures DIR.")
    if more and not sources:
        raise click.UsageError("Name the files to read after --from.")
    plan = Building(
        out=out,
        files=files,
        pictures=pictures,
        format_name=format_name,
        name=name or shown(out.stem),
        scheme=scheme,
        force=force,
        workers=workers or len(os.sched_getaffinity(0)),
        limits=limits_from(**limits),
    )
    refuse_report_over(report_file, plan)
    with RefusalFile(report_file) as sink:
        report = build_list(plan, sink=sink)
    if as_json:
        click.echo(json.dumps({"list": shown(out), "name": plan.name} | report.document(), ensure_ascii=False))
    else:
        print_report(out, plan.name, report, all_refused_in=report_file)
    return NOTHING_FOUND


@command.command()
@LIST_FILE
@click.option("--entries", "with_entries", is_flag=True, help="Every entry with its hashes, one JSON object per line.")
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON.")
def show(out: Path, with_entries: bool, as_json: bool) -> int:
    """What is in the list file LIST, by kind, category and opinion, and what of it answers lookups."""
    with HashList.open(out) as opened:
        if with_entries:
            show_entries(opened, sys.stdout.buffer)
        elif as_json:
            click.echo(json.dumps(show_document(out, opened), ensure_ascii=False))
        else:
            show_text(show_document(out, opened))
    return NOTHING_FOUND


@command.command()
@LIST_FILE
@click.option("--format", "format_name", type=click.Choice(NAMES), default="jsonl", show_default=True)
@click.option("--output", "-o", metavar="FILE", type=PATH, help="Instead of standard output.")
@click.option("--pdq", is_flag=True, help="VICS: carry PDQ in AlternativeHashes (a convention of Rempart's).")
def export(out: Path, format_name: str, output: Path | None, pdq: bool) -> int:
    """Write the list file LIST in another format. JSON Lines loses nothing; what others leave out is in the docs."""
    if output is not None and is_same(output, out):
        raise RefusedError(f"{shown(output)} is the list itself.", hint="Name another file.")
    with HashList.open(out) as opened, output_file(output) as stream:
        left_out = _write(opened, format_name, stream, pdq=pdq)
    if left_out:
        click.echo(f"{left_out} entries were left out: the format {format_name} cannot carry them.", err=True)
    return NOTHING_FOUND


def _write(opened: HashList, format_name: str, stream: Any, *, pdq: bool) -> int:
    """Write the list in a format; returns how many entries were left out."""
    if format_name == "csv":
        return csv.write(opened.entries(), stream, extra=_needs_extra(opened))
    if format_name == "vics":
        profile = "US" if any(one and one.scheme == "vic-us" for one in opened.categories()) else "CUSTOM"
        return vics.write(opened.entries(), stream, profile=profile, pdq=pdq)
    if format_name == "jsonl":
        return jsonl.write(opened.entries(), stream)
    silent = len(opened) - opened.dispositions().get(Disposition.MATCH, 0)
    return silent + format_named(format_name).write(opened.matching_entries(), stream)


def _needs_extra(opened: HashList) -> bool:
    """True when the ten canonical columns would lose an opinion, a recipe or a facet."""
    told = any(attribute.recipe or attribute.facet for attribute in opened.attributes())
    return told or any(opinion.value != "positive" for opinion in opened.opinions())


@command.command("verify")
@LIST_FILE
@click.option("--json", "as_json", is_flag=True, help="The outcome as JSON.")
def verify_list(out: Path, as_json: bool) -> int:
    """Check every block and every reference of the list file LIST; exit code 2 when it is damaged."""
    problem: Exception | None = None
    checked: tuple[str, ...] = ()
    try:
        with HashList.open(out) as opened:
            checked = verify(opened)
    except (CorruptFileError, ForeignFileError, IncompleteError) as err:
        problem = err
    if as_json:
        told = {"list": shown(out), "intact": problem is None, "checked": checked, "error": str(problem or "") or None}
        click.echo(json.dumps(told, ensure_ascii=False))
    elif problem is None:
        click.echo(printable(f"{shown(out)}: intact. " + "; ".join(checked) + "."))
    else:
        click.echo(printable(f"{shown(out)}: not intact. {problem}"), err=True)
    return COULD_NOT if problem else NOTHING_FOUND
