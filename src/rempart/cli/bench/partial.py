"""`rempart bench partial`: how often parts of listed pictures are found, and what that costs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.progress import track

from rempart.cli.bench.derive_run import load
from rempart.cli.bench.partial_run import PARTS, Count, Figures, Plan, run, steps
from rempart.cli.bench.recall import SUFFIXES
from rempart.cli.bench.tables import Table
from rempart.provenance.derivation.calibration import upper_bound


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--limit", type=click.IntRange(min=4), default=100, show_default=True, help="Pictures to take.")
@click.option("--listed", type=click.IntRange(min=4), default=10_000, show_default=True, help="Pictures on the list.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--processes", type=click.IntRange(min=1), default=1, show_default=True, help="To make the list with.")
@click.option(
    "--keep", type=click.Path(path_type=Path, dir_okay=False), help="Keep the list here (.npz) for next time."
)
@click.option("--part", "parts", type=click.Choice(PARTS), multiple=True, help="Only this part; may be given twice.")
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
@click.option("--markdown", is_flag=True, help="The tables as Markdown.")
def command(
    folder: Path, limit: int, listed: int, seed: int, processes: int, keep: Path | None, parts: tuple[str, ...],
    as_json: bool, markdown: bool
) -> int:  # fmt: skip
    """Look parts of the pictures in FOLDER up in a list of many, and the pictures where they are not listed.

    The list is made of FOLDER's pictures and, to its size, of pictures that are mixed from three of them each. An
    upload is unrelated to a listed picture when that was made without it. Pictures in the folder must have nothing to
    do with each other.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    images = load(paths, limit=limit)
    if len(images) < 4:
        raise click.UsageError("At least four readable pictures are needed.")
    plan = Plan(listed=max(listed, len(images)), seed=seed, keep=keep, processes=processes, parts=parts or PARTS)
    console, figures = Console(stderr=True), Figures()
    for _ in track(
        run(images, plan, figures), "Steps", total=steps(len(images), plan), console=console, transient=True
    ):
        pass
    if as_json:
        click.echo(json.dumps(asdict(figures) | {"listed": plan.listed, "pictures": len(images)}))
        return 0
    for table in tables(figures):
        click.echo((table.as_markdown() if markdown else table.as_text()) + "\n")
    return 0


def tables(found: Figures) -> list[Table]:
    """The figures as people read them."""
    one = found.unrelated
    unrelated = found.comparisons, one.leads, one.found, f"{upper_bound(one.found, max(found.comparisons, 1)):.1e}"
    return [
        _counts("Parts, and pictures around them", found.copies),
        Table(title="Unrelated", head=("comparisons", "leads", "found", "found at most (95 %)"), rows=[unrelated]),
        _counts("Decoys: different pictures with something in common", found.decoys),
        _cost(found),
    ]


def _counts(title: str, counts: Mapping[str, Count]) -> Table:
    rows = [(name, one.uploads, one.leads, one.shares[0], one.found, one.shares[1]) for name, one in counts.items()]
    return Table(title=title, head=("what", "uploads", "leads", "share", "found", "share"), rows=rows)


def _cost(found: Figures) -> Table:
    rows = [
        (f"{name}, CPU ms", f"{np.median(times):.0f}", f"{np.percentile(times, 95):.0f}")
        for name, times in found.times.items()
    ]
    rows.append(
        ("all of it, ms by the clock", f"{np.median(found.clock):.0f}", f"{np.percentile(found.clock, 95):.0f}")
    )
    rows.append(("features of a listed picture", f"{found.features:.0f}", ""))
    rows.append(("sealed in the database, each, kB", f"{found.sealed_bytes / 1000:.1f}", ""))
    rows.append(("sealed among the blobs, each, kB", f"{found.sheet_bytes / 1000:.0f}", ""))
    rows.append(("index in memory, MB", f"{found.index_bytes / 1e6:.0f}", ""))
    return Table(title="Cost of an upload that shows nothing listed", head=("what", "median", "95 % below"), rows=rows)
