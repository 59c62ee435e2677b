"""`rempart protected`: photos that somebody asked to keep out of generators."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rempart.cli.datafolder import data_option, opened_data
from rempart.cli.exitcodes import NOTHING_FOUND, worst
from rempart.cli.limits import limit_options, limits_from
from rempart.cli.terminal import printable
from rempart.clock import iso
from rempart.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from rempart.lists.entry import EntrySignal
    from rempart.signals.examine import Examination

ACTOR = click.option("--as", "actor", metavar="NAME", help="Act as this person; asks for password and code.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_PAGE = 500


@click.group()
def command() -> None:
    """Photos that the gate refuses because somebody asked for that. Only their hashes are kept.

    \b
    rempart protected add photo.jpg
    rempart protected add --hashes sent.txt
    rempart protected list
    rempart protected remove protected_…
    """


@command.command()
@click.argument("photos", nargs=-1, type=click.Path(path_type=str))
@click.option(
    "--hashes", metavar="FILE", type=click.File("r", encoding="utf-8"),
    help="What the page of `rempart notice-page` made in the person's own browser; - reads standard input.",
)  # fmt: skip
@ACTOR
@limit_options
@data_option
@JSON
def add(photos: tuple[str, ...], hashes: TextIO | None, actor: str | None, data: Path, as_json: bool,
        **limits: int) -> int:  # fmt: skip
    """Protect photos from now on: the gate refuses each, and near copies of it. The files themselves are not kept."""
    from rempart.cli.actor import acting
    from rempart.intake.generator.protection import protect

    if bool(photos) == (hashes is not None):
        raise RefusedError("There is nothing to protect.", hint="Name photos, or --hashes and a file, not both.")
    failed = False
    asked = [("-", _told(hashes.read()))] if hashes is not None else _looked_at(photos, limits)
    with opened_data(data) as folder, acting(folder, actor) as who:
        for name, signals in asked:
            try:
                made = protect(folder.store, signals, by=who, at=folder.store.clock())
            except RefusedError as err:
                failed = True
                click.echo(f"{printable(name)}: {err}", err=True)
                continue
            told = {"path": name, "id": made.id}
            click.echo(json.dumps(told) if as_json else f"{made.id}  {printable(name)}")
    return worst(found=False, failed=failed)


@command.command("list")
@data_option
@JSON
def list_(data: Path, as_json: bool) -> int:
    """Photos that are protected now, by their ids; no hash is shown."""
    from rempart.intake.generator.records import protected as records

    with opened_data(data) as folder, folder.store.read() as conn:
        after, shown = "", 0
        while some := records.some(conn, after=after, most=_PAGE):
            for one in some:
                told = {"id": one.id, "service": one.service, "reference": one.reference, "added": iso(one.added)}
                said = "  ".join(printable(part) for part in (one.service, one.reference) if part)
                click.echo(json.dumps(told) if as_json else f"{one.id}  {iso(one.added)}  {said}".rstrip())
            after, shown = some[-1].id, shown + len(some)
    if not shown and not as_json:
        click.echo("No photo is protected.")
    return NOTHING_FOUND


@command.command()
@click.argument("photo", metavar="ID")
@ACTOR
@data_option
def remove(photo: str, actor: str | None, data: Path) -> int:
    """Protect a photo no more, and forget its hashes."""
    from rempart.cli.actor import acting
    from rempart.intake.generator.protection import withdraw

    with opened_data(data) as folder, acting(folder, actor) as who:
        withdraw(folder.store, photo, by=who, at=folder.store.clock())
    click.echo(f"{printable(photo)} is protected no more.")
    return NOTHING_FOUND


def _told(text: str) -> list[EntrySignal]:
    from rempart.intake.generator.protection import photo_of
    from rempart.intake.notices.hashes import read_hashes

    return photo_of(read_hashes(text))


def _looked_at(photos: tuple[str, ...], limits: dict[str, int]) -> Iterator[tuple[str, list[EntrySignal]]]:
    from rempart.cli.hash import open_file
    from rempart.signals.pool import WorkerPool

    with WorkerPool(limits=limits_from(**limits)) as pool:
        for path in photos:
            try:
                source = open_file(path)
            except OSError as err:
                raise RefusedError(f"{printable(path)} cannot be opened: {err.strerror}.") from err
            yield path, _signals(pool.examine(source))


def _signals(seen: Examination) -> list[EntrySignal]:
    from rempart.lists.entry import EntrySignal

    if seen.pdq is None:
        return []
    own = [EntrySignal(signal=seen.pdq, quality=seen.pdq_quality, recipe=seen.recipe)]
    return own + ([] if seen.sha256 is None else [EntrySignal(signal=seen.sha256)])
