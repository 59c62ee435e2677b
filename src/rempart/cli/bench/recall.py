"""`rempart bench recall`: recall per edit, what each probe and facet adds, and false positives."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from rempart.cli.bench import recall_recipes, tables
from rempart.cli.bench.cost import measure_cost
from rempart.cli.bench.edits import Edit, all_edits
from rempart.cli.bench.recall_run import (
    PICTURE,
    EditResult,
    FalsePositives,
    PictureList,
    load_samples,
    run_edits,
    run_pages,
)
from rempart.signals.probes import SETS

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".heic", ".avif"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Everything that was measured."""

    known: PictureList
    results: list[EditResult]
    photos: FalsePositives
    pages: FalsePositives


@click.command("recall")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--probes", "probe_set", type=click.Choice(list(SETS)), default="default", show_default=True)
@click.option("--limit", type=click.IntRange(min=2), default=100, show_default=True, help="Pictures to take.")
@click.option("--repeat", type=click.IntRange(min=1), default=1, show_default=True, help="Copies per picture and edit.")
@click.option("--pages", type=click.IntRange(min=0), default=100, show_default=True, help="Text screens to look up.")
@click.option("--only", default="", help="Only the edits whose name contains this; neither other recipes nor cost.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--markdown", is_flag=True, help="The tables as Markdown.")
def command(
    folder: Path,
    probe_set: str,
    limit: int,
    repeat: int,
    pages: int,
    only: str,
    seed: int,
    as_json: bool,
    markdown: bool,
) -> int:
    """Make ordinary edits of the pictures in FOLDER and look them up in a list made of those pictures.

    Each edit's parameters are drawn at random, the same in every run with the same seed. Nothing is written.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    samples, left_out = load_samples(paths, limit=limit)
    if len(samples) < 2:
        raise click.UsageError("At least two readable pictures of quality 50 or more are needed.")
    edits = [edit for edit in all_edits() if only in edit.name]
    known = PictureList.of(samples)
    photos = FalsePositives()
    runs = run_edits(known, samples, edits, probe_set=probe_set, seed=seed, repeat=repeat, false=photos)
    shown = track(runs, "Edits", total=len(edits), console=Console(stderr=True), transient=True)
    outcome = Outcome(
        known=known,
        results=list(shown),
        photos=photos,
        pages=run_pages(known, pages=pages, probe_set=probe_set, seed=seed),
    )
    made = recall_tables(outcome)
    if not only:
        images = [sample.image for sample in samples]
        made += [recall_recipes.table(images, seed=seed), measure_cost(images, probe_set=probe_set)]
    facts = {
        "probes": probe_set,
        "pictures": len(samples),
        "left_out": left_out,
        "keys": len(known.index),
        "copies_per_edit": len(samples) * repeat,
        "radius": 31,
        "seed": seed,
    }
    if as_json:
        click.echo(json.dumps({**facts, "tables": [table.as_json() for table in made]}))
    else:
        click.echo("  ".join(f"{name}: {value}" for name, value in facts.items() if name != "left_out"))
        if left_out:
            click.echo(f"left out: {len(left_out)} (unreadable, or of quality under 50)")
        for table in made:
            click.echo("\n" + (table.as_markdown() if markdown else table.as_text()))
    return 0


def recall_tables(outcome: Outcome) -> list[tables.Table]:
    """The tables of edits, of probes, of facets and of false positives."""
    return [
        _edits_table(outcome.results),
        _probes_table(outcome),
        _facets_table(outcome),
    ]


def _edits_table(results: Sequence[EditResult]) -> tables.Table:
    rows = []
    for result in results:
        edit, recall = result.edit, result.recall()
        rows.append(
            (
                edit.group,
                edit.name + (" (held out)" if edit.held_out else ""),
                result.recall(only=("canonical", PICTURE)),
                result.recall(only=("", PICTURE)),
                recall,
                edit.asked,
                _verdict(edit, recall),
            )
        )
    return tables.Table(
        title="Recall per edit",
        head=("group", "edit", "plain PDQ", "probes, bare list", "probes, list of pictures", "asked", ""),
        rows=rows,
    )


def _verdict(edit: Edit, recall: float) -> str:
    return "" if edit.asked is None else "reached" if recall >= edit.asked else "short"


def _probes_table(outcome: Outcome) -> tables.Table:
    rows = []
    for family in outcome.photos.lookups:
        lookups = outcome.photos.lookups[family] + outcome.pages.lookups[family]
        wrong = outcome.photos.wrong[family] + outcome.pages.wrong[family]
        distances = [false.nearest[family] for false in (outcome.photos, outcome.pages) if family in false.nearest]
        copies = sum(len(result.found) for result in outcome.results)
        rows.append(
            (
                family,
                outcome.photos.lookups[family] / copies,
                _lost(outcome.results, "probe", family),
                _most_lost(outcome.results, "probe", family),
                lookups,
                wrong,
                tables.per_million(wrong, lookups),
                str(min(distances)) if distances else "over 63",
            )
        )
    return tables.Table(
        title="What each probe adds, and its false positives",
        head=(
            "probe",
            "lookups per copy",
            "recall lost without it",
            "most for",
            "lookups",
            "false",
            "per million",
            "nearest",
        ),
        rows=rows,
    )


def _facets_table(outcome: Outcome) -> tables.Table:
    families = list(dict.fromkeys(outcome.known.families))
    rows = [
        (
            family,
            outcome.known.families.count(family) / outcome.known.pictures,
            _lost(outcome.results, "key", family),
            _most_lost(outcome.results, "key", family),
        )
        for family in families
    ]
    head = ("key", "per entry", "recall lost without it", "most for")
    return tables.Table(title="What each kind of key adds", head=head, rows=rows)


def _losses(results: Sequence[EditResult], side: str, family: str) -> list[tuple[float, str]]:
    """For each edit, the recall it loses without a family of probes or keys."""
    return [
        (
            result.recall()
            - (result.recall(without_probe=family) if side == "probe" else result.recall(without_key=family)),
            result.edit.name,
        )
        for result in results
    ]


def _lost(results: Sequence[EditResult], side: str, family: str) -> float:
    """The recall lost on average over all edits."""
    losses = _losses(results, side, family)
    return sum(loss for loss, _ in losses) / len(losses) if losses else 0.0


def _most_lost(results: Sequence[EditResult], side: str, family: str) -> str:
    loss, name = max(_losses(results, side, family), default=(0.0, ""))
    return f"{name}: {loss:.2f}" if loss > 0 else "none"
