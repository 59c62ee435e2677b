"""`rempart bench derive`: how often copies are found, and how often pictures that are none."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import track

from rempart.cli.bench.derive_pictures import DECOYS, EDITS
from rempart.cli.bench.derive_run import ALTERED, AS_IT_IS, COPY, DECOY, PARTS, UNRELATED, Plan, Row, load, run
from rempart.cli.bench.recall import SUFFIXES
from rempart.cli.bench.tables import Table
from rempart.provenance.derivation.calibration import BANDS, upper_bound
from rempart.provenance.derivation.comparing import LEAST_JUDGED, LEAST_KEPT, LEAST_SPREAD
from rempart.provenance.derivation.document import method


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--limit", type=click.IntRange(min=3), default=100, show_default=True, help="Pictures to take.")
@click.option("--partners", type=click.IntRange(min=1), default=2, show_default=True, help="Decoys per picture, each.")
@click.option("--suspects", type=click.IntRange(min=1), help="How many of them to compare. [all]")
@click.option("--part", "parts", type=click.Choice(PARTS), multiple=True, help="Only this part; may be given twice.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--processes", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--rows", type=click.Path(path_type=Path), help="Write every comparison here, one JSON object a line.")
@click.option("--json", "as_json", is_flag=True, help="The calibration as JSON, as `rempart derive` carries it.")
@click.option("--markdown", is_flag=True, help="The tables as Markdown.")
def command(
    folder: Path, limit: int, partners: int, suspects: int | None, parts: tuple[str, ...], seed: int, processes: int,
    rows: Path | None, as_json: bool, markdown: bool,
) -> int:  # fmt: skip
    """Compare the pictures in FOLDER with copies of themselves, with each other, and with decoys.

    Pictures in the folder must have nothing to do with each other: every pair of them is taken for unrelated.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    count = len(load(paths, limit=limit))
    if count < 3:
        raise click.UsageError("At least three readable pictures are needed.")
    plan = Plan(
        limit=limit, suspects=min(suspects or count, count), seed=seed, partners=partners, parts=parts or PARTS
    )  # fmt: skip
    each = {COPY: len(EDITS), UNRELATED: 2 * (count - 1), DECOY: partners * len(DECOYS)}
    total = plan.suspects * sum(each[part] for part in plan.parts)
    made = run(paths, plan, processes=processes)
    shown = track(made, "Comparisons", total=total, console=Console(stderr=True), transient=True)
    done = list(shown if rows is None else _written(shown, rows))
    found = calibration(done, pictures=count, seed=seed)
    if as_json:
        click.echo(json.dumps(found, indent=1, ensure_ascii=False))
        return 0
    for table in tables(found):
        click.echo((table.as_markdown() if markdown else table.as_text()) + "\n")
    return 0


def _written(rows: Iterable[Row], path: Path) -> Iterator[Row]:
    """The rows, each written as it comes."""
    with path.open("w", encoding="utf-8") as stream:
        for one in rows:
            stream.write(json.dumps(asdict(one)) + "\n")
            yield one


def calibration(rows: Sequence[Row], *, pictures: int, seed: int) -> dict[str, Any]:
    """The figures by which findings are told, as JSON values."""
    return {
        "pictures": pictures, "seed": seed, "method": method(),
        "copies": [_copies(name, found) for name in EDITS if (found := _of(rows, COPY, name))],
        "unrelated": [
            _others(name, found) for name in (AS_IT_IS, ALTERED) if (found := _of(rows, UNRELATED, name))
        ],
        "decoys": [_others(name, found) for name in DECOYS if (found := _of(rows, DECOY, name))],
        "bands": list(_bands(rows)),
    }  # fmt: skip


def _of(rows: Sequence[Row], kind: str, name: str) -> list[Row]:
    return [one for one in rows if (one.kind, one.name) == (kind, name)]


def _copies(name: str, rows: Sequence[Row]) -> dict[str, Any]:
    told = [one.agreement for one in rows if one.found]
    return {
        "name": name, "comparisons": len(rows), "found": sum(one.found for one in rows),
        "median_inliers": round(statistics.median(one.inliers for one in rows)),
        "least_inliers": min(one.inliers for one in rows),
        "median_agreement": round(statistics.median(told), 3) if told else None,
    }  # fmt: skip


def _others(name: str, rows: Sequence[Row]) -> dict[str, Any]:
    matched = [one.agreement for one in rows if _hangs_on_agreement(one)]
    found = sum(one.found for one in rows)
    return {
        "name": name, "comparisons": len(rows), "found": found, "bound": round(upper_bound(found, len(rows)), 6),
        "most_inliers": max(one.inliers for one in rows), "most_kept": max(one.kept for one in rows),
        "on_agreement": len(matched), "most_agreement": round(max(matched), 3) if matched else None,
    }  # fmt: skip


def _hangs_on_agreement(one: Row) -> bool:
    """Whether all else that a finding needs is there."""
    return one.kept >= LEAST_KEPT and one.judged >= LEAST_JUDGED and one.spread >= LEAST_SPREAD


def _bands(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """How comparisons that hang on the agreement alone spread over it, by kind: what the finding's bar stands on."""
    told = [one for one in rows if _hangs_on_agreement(one)]
    for low, high in BANDS:
        inside = [one.kind for one in told if low <= one.agreement < high]
        yield {"from": low, "to": min(high, 1.0), **{kind: inside.count(kind) for kind in (COPY, UNRELATED, DECOY)}}


def tables(found: dict[str, Any]) -> Iterator[Table]:
    """The calibration for people."""
    yield Table(
        title="Copies found", head=("edit", "copies", "found", "share", "points, median (least)", "agreement, median"),
        rows=[
            (
                one["name"], one["comparisons"], one["found"], one["found"] / one["comparisons"],
                f"{one['median_inliers']} ({one['least_inliers']})", one["median_agreement"],
            )
            for one in found["copies"]
        ],
    )  # fmt: skip
    for title, key in (("Unrelated pictures", "unrelated"), ("Decoys", "decoys")):
        yield Table(
            title=title,
            head=("pairs", "comparisons", "findings", "at most (95 %)", "most points", "agreement, all else there"),
            rows=[
                (
                    one["name"], one["comparisons"], one["found"], f"{one['bound']:.3%}", one["most_inliers"],
                    one["most_agreement"],
                )
                for one in found[key]
            ],
        )  # fmt: skip
    yield Table(
        title="Agreement, where all else is there that a finding needs",
        head=("agreement", "copies", "unrelated", "decoys"),
        rows=[(f"{one['from']:.2f} to {one['to']:.2f}", one[COPY], one[UNRELATED], one[DECOY])
              for one in found["bands"]],
    )  # fmt: skip
