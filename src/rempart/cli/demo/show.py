"""`rempart demo`: every step is a real command of Rempart's, shown before it runs."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from time import monotonic

import click
from rich.console import Console
from rich.table import Table

from rempart.cli.demo.commands import run
from rempart.cli.demo.reposts import UNRELATED, Material, prepare
from rempart.cli.exitcodes import COULD_NOT, FOUND, NOTHING_FOUND

Record = Mapping[str, object]


def _best(record: Record) -> tuple[str, int] | None:
    """The probe and distance of the closest match in one line of a scan, or None without a match."""
    matches: list[Mapping[str, object]] = record["matches"]  # type: ignore[assignment]
    found = [(int(str(m["distance"])), str(m["probe"])) for m in matches]
    if not found:
        return None
    distance, probe = min(found)
    return probe, distance


def summarise(records: Iterable[Record], made_by: Mapping[str, str]) -> Table:
    """A table: per edit how many re-posts there were, how many were found, by which probe and how far away."""
    rows: dict[str, list[tuple[str, int] | None]] = {}
    for record in records:
        rows.setdefault(made_by[Path(str(record["path"])).name], []).append(_best(record))
    table = Table(title="What was found", title_justify="left")
    for heading, side in (
        ("re-posted …", "left"),
        ("found", "right"),
        ("distance", "right"),
        ("by probe", "left"),
    ):
        table.add_column(heading, justify=side)  # type: ignore[arg-type]
    for label in dict.fromkeys([*made_by.values()]):
        hits = [best for best in rows.get(label, []) if best]
        spread = f"{min(d for _, d in hits)}–{max(d for _, d in hits)}" if hits else ""
        probes = ", ".join(f"{probe} ×{count}" for probe, count in Counter(p for p, _ in hits).most_common(3))
        table.add_row(
            label,
            f"{len(hits)} of {len(rows.get(label, []))}",
            spread,
            probes,
            end_section=label == UNRELATED,
        )
    return table


def _show(console: Console, home: Path, material: Material, started: float) -> int:
    run(console, home, "list", "build", "known.rlist", "--pictures", "known", "--name", "demo", fine=(NOTHING_FOUND,))
    results = home / "results.jsonl"
    scan = ("scan", "posts", "--list", "known.rlist", "--json", "--html", "report.html")
    run(console, home, *scan, fine=(NOTHING_FOUND, FOUND), output=results)
    records = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    console.print(summarise(records, material.made_by))
    wrong = sum(bool(r["matches"]) and material.made_by[Path(r["path"]).name] == UNRELATED for r in records)
    hits = sum(bool(r["matches"]) for r in records) - wrong
    copies = sum(made != UNRELATED for made in material.made_by.values())
    console.print(
        f"\n{hits} of {copies} altered copies found, {wrong} false matches among the pictures on no list, "
        f"in {monotonic() - started:.0f} seconds. Distance is in bits of 256; up to 31 counts as a match. "
        "Crops and tilts meet further keys of the list's entries (facets), so their probe can be the whole picture.",
        highlight=False,
    )
    return NOTHING_FOUND if len(records) == len(material.made_by) and hits else COULD_NOT


@click.command()
@click.option("--once", is_flag=True, help="Do everything, then end by itself, without waiting for a key.")
@click.option(
    "--pictures",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of your own pictures instead of drawn ones (the first fourteen are used, only read).",
)
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep all files of the demo in this new folder. Without it they are removed at the end.",
)
def command(once: bool, pictures: Path | None, keep: Path | None) -> int:
    """See altered copies of pictures being found against a hash list.

    Draws ordinary pictures, puts some on a list, posts them again with the edits that people make, and scans.
    Nothing leaves this machine.
    Exit code 0 when copies were found, 2 when something could not be done.
    """
    console = Console()
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise click.UsageError(f"{keep} is not empty; name a new folder.")
    with tempfile.TemporaryDirectory(prefix="rempart-demo-") as temporary:
        home = keep or Path(temporary)
        started = monotonic()
        console.print("Preparing the pictures and their re-posts …")
        material = prepare(home, pictures=pictures)
        code = _show(console, home, material, started)
        if code == NOTHING_FOUND:
            code = _serve(console, home, material, wait=not once)
    return code


def _serve(console: Console, home: Path, material: Material, *, wait: bool) -> int:
    """The second half: the server, which goes on until the viewer ends it, or without `wait` at once."""
    from rempart.cli.demo.server import demonstrated

    with demonstrated(console, home, material.made_by) as refused:
        if wait and sys.stdin.isatty():
            console.print(f"The pictures, the list and report.html are in {home.resolve()}.", highlight=False)
            click.pause("Press any key to stop the server and end (and to remove all, unless --keep was given).")
    return NOTHING_FOUND if refused else COULD_NOT
