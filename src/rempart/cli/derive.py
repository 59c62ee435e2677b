"""`rempart derive`: whether a picture shares pixels with others, by geometry and a map of what agrees."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from rempart.cli.exitcodes import worst
from rempart.cli.features import Features
from rempart.cli.hash import files, open_file
from rempart.cli.limits import limit_options, limits_from
from rempart.cli.output import output_file
from rempart.provenance.derivation.comparing import Finding, Suspect
from rempart.provenance.derivation.document import finding, method
from rempart.provenance.derivation.making import Made, sheet_pool, sheets
from rempart.provenance.derivation.report import LANGUAGES, report, written
from rempart.scan.paths import json_path, visible
from rempart.signals.outcome import Limits, Outcome
from rempart.signals.pool import WorkerPool

_SAID = {
    "agrees": "the same pixels, as the map shows",
    "few_points": "too few points match",
    "little_texture": "too little texture to tell",
    "one_place": "what matches lies in one place or line",
    "rest_differs": "points match, and the rest differs: a shared banner or logo, or a part pasted in",
}


@click.command()
@click.argument("suspect", type=click.Path(path_type=str))
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=str))
@click.option("--features", "folder", type=click.Path(path_type=Path), help="Keep the sources' features here.")
@click.option(
    "--report", "paper", type=click.Path(path_type=Path), help="Write a PDF report here; it holds no picture."
)
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Of the report.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--workers", type=click.IntRange(min=1), default=None, help="Worker processes. [one per processor]")
@limit_options
def command(
    suspect: str, sources: tuple[str, ...], folder: Path | None, paper: Path | None, language: str, as_json: bool,
    workers: int | None, **limits: Any,
) -> int:  # fmt: skip
    """Compare the picture SUSPECT with each of SOURCES; a folder stands for all files in it.

    The finding `shared_content` says that both show the same pixels, moved, turned, cut or mirrored; `not_shown` is no
    proof that they share nothing. Neither says which of the two came first, and a picture that was generated anew, with
    no pixels kept, is not found. docs/derivation.md has the error rates.

    With --features the features of sources are read from and written to a folder, by digest. They show what the
    pictures show: keep them as you keep the pictures.

    Exit code 2 when a file could not be compared, else 0.
    """
    bounds = limits_from(**limits)
    with sheet_pool(workers=workers or len(os.sched_getaffinity(0)), limits=bounds) as pool:
        asked = _one(pool, suspect, bounds)
        results = list(_results(pool, asked, sources, Features(folder), bounds)) if asked.sheet else []
    document = {**_named("suspect", suspect), **_facts(asked), "results": results, "method": method()}
    if paper is not None and asked.sheet is not None:
        with output_file(paper) as stream:
            stream.write(report(document, language=language))
    click.echo(written(document) if as_json else "\n".join((*_lines(document), "")), nl=False)
    return worst(found=False, failed=any(one["outcome"] != Outcome.OK.value for one in (document, *results)))


def _one(pool: WorkerPool, path: str, limits: Limits) -> Made:
    data = _read(path, limits)
    return data if isinstance(data, Made) else next(iter(list(sheets(pool, [(path, data)]))))


def _results(
    pool: WorkerPool, asked: Made, sources: Sequence[str], features: Features, limits: Limits
) -> Iterator[dict[str, Any]]:
    """One finding for each source, in the order they were given; each is compared as soon as its features are there."""
    assert asked.sheet is not None
    suspect = Suspect(asked.sheet)
    paths = list(files(tuple(sources)))
    done: dict[int, dict[str, Any]] = {}

    def compare(number: int, made: Made) -> None:
        told = {**_named("source", paths[number]), **_facts(made)}
        if made.sheet is not None:
            told |= finding(suspect.compare(made.sheet), suspect.sheet)
        done[number] = told

    def missing() -> Iterator[tuple[object, bytes]]:
        for number, path in enumerate(paths):
            data = _read(path, limits)
            if isinstance(data, Made):
                compare(number, data)
            elif (sheet := features.kept(digest := hashlib.sha256(data).digest())) is not None:
                compare(number, Made(key=number, sha256=digest, outcome=Outcome.OK, sheet=sheet))
            else:
                yield number, data

    for made in sheets(pool, missing()):
        assert isinstance(made.key, int)
        features.keep(made)
        compare(made.key, made)
    yield from (done[number] for number in range(len(paths)))


def _read(path: str, limits: Limits) -> bytes | Made:
    """A file's bytes, or why there are none."""
    try:
        descriptor = open_file(path)
        with os.fdopen(descriptor, "rb") as stream:
            size = os.fstat(descriptor).st_size
            if size > limits.file_bytes:
                error = f"The file has {size} bytes, more than the limit of {limits.file_bytes}."
                return Made(key=path, sha256=b"", outcome=Outcome.TOO_LARGE, error=error)
            return stream.read()
    except OSError as err:
        error = f"The file could not be opened: {err.strerror or type(err).__name__}."
        return Made(key=path, sha256=b"", outcome=Outcome.UNREADABLE, error=error)


def _named(name: str, path: str) -> dict[str, Any]:
    shown, exact = json_path(path)
    return {name: shown} if exact is None else {name: shown, f"{name}_bytes": exact}


def _facts(made: Made) -> dict[str, Any]:
    facts: dict[str, Any] = {"outcome": made.outcome.value, "sha256": made.sha256.hex() or None, "error": made.error}
    if made.sheet is not None:
        facts |= {"width": made.sheet.width, "height": made.sheet.height, "points": len(made.sheet.points)}
    return facts


def _lines(document: dict[str, Any]) -> Iterator[str]:
    if document["outcome"] != Outcome.OK.value:
        yield f"{document['outcome']}  {document['error']}  {visible(document['suspect'])}"
        return
    for one in document["results"]:
        yield _line(one)
    shown = sum(one.get("finding") == Finding.SHARED_CONTENT.value for one in document["results"])
    yield f"{shown} of {len(document['results'])} sources share content with {visible(document['suspect'])}."
    yield "This does not tell which came first, and no picture is found that was generated with no pixels kept."


def _line(one: dict[str, Any]) -> str:
    path = visible(one["source"])
    if one["outcome"] != Outcome.OK.value:
        return f"{one['outcome']:14}  {one['error']}  {path}"
    said = f"{_SAID[one['reason']]} ({one['inliers']} points, {one['agreement']:.0%} of {one['judged']} cells agree)"
    mirrored = "  mirrored" if one["mirrored"] and one["finding"] == Finding.SHARED_CONTENT.value else ""
    return f"{one['finding']:14}  {path}{mirrored}  {said}"
