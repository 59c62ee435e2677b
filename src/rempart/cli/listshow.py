"""What `rempart list show` says; single hashes appear only when they were asked for."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, BinaryIO

import click

from rempart.cli.terminal import printable
from rempart.clock import iso
from rempart.lists.entry import Entry
from rempart.lists.hashlist import HashList
from rempart.lists.source import shown


def show_document(path: Path, opened: HashList) -> dict[str, Any]:
    """The list in counts, as JSON-able data."""
    states = opened.dispositions()
    recipes = sorted({attribute.recipe for attribute in opened.attributes() if attribute.recipe})
    facets = Counter(bool(attribute.facet) for attribute in opened.attributes())
    return {
        "list": shown(path),
        "name": opened.name,
        "created": opened.created,
        "size": opened.file.size,
        "entries": len(opened),
        "signals": opened.report["signals"],
        "keys": opened.report["keys"],
        "dispositions": {state.label: count for state, count in states.items()},
        "categories": [
            {"scheme": one.scheme if one else None, "code": one.code if one else None, "entries": count}
            for one, count in opened.categories().items()
        ],
        "opinions": {opinion.value: count for opinion, count in opened.opinions().items()},
        "recipes": recipes,
        "facets": bool(facets[True]),
        "duplicates_merged": opened.report["duplicates_merged"],
        "superseded": opened.report["superseded"],
        "low_quality": opened.report["low_quality"],
        "sources": opened.report["sources"],
        "checks": "header, directory and tables agree; `rempart list verify` checks every block",
    }


def show_text(told: dict[str, Any]) -> None:
    """The same in words."""
    _say(f"{told['name']}: {told['entries']} entries, {told['size']} bytes, built {told['created']}")
    for kind, count in told["signals"].items():
        _say(f"  {kind:8} {count} signals, {told['keys'][kind]} distinct")
    for state, count in told["dispositions"].items():
        _say(f"  {_answers(state):40} {count}")
    for row in told["categories"]:
        _say(f"  category {_category(row):31} {row['entries']}")
    for opinion, count in told["opinions"].items():
        _say(f"  opinion {opinion:32} {count}")
    _say(f"  recipes: {', '.join(told['recipes']) or 'not told'}{'; with facets' if told['facets'] else ''}")
    for source in told["sources"]:
        counts = f"{source['read']} read, {source['refused']} refused"
        _say(f"  from {source['origin']} ({source['format']}): {counts}")
    _say(f"  {told['checks']}")


def _say(text: str) -> None:
    """One line for people; what a partner wrote cannot steer their terminal."""
    click.echo(printable(text))


def _answers(state: str) -> str:
    if state == "match":
        return "will match"
    return "known good (benign)" if state == "benign" else f"silent ({state})"


def _category(row: dict[str, Any]) -> str:
    return f"{row['scheme']}:{row['code']}" if row["scheme"] else "none"


def show_entries(opened: HashList, stream: BinaryIO) -> None:
    """Every entry as one JSON object per line."""
    for entry in opened.entries():
        stream.write(json.dumps(_entry(entry), ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n")
    stream.flush()


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "entry": entry.id,
        "signals": [
            {
                "kind": one.signal.kind.value,
                "value": str(one.signal),
                "recipe": one.recipe,
                "quality": one.quality,
                "facet": one.facet,
            }
            for one in entry.signals
        ],
        "scheme": entry.category.scheme if entry.category else None,
        "code": entry.category.code if entry.category else None,
        "opinion": entry.opinion.value,
        "source": entry.source,
        "tags": list(entry.tags),
        "added": iso(entry.added) if entry.added else None,
        "withdrawn": iso(entry.withdrawn) if entry.withdrawn else None,
        "record": entry.record,
    }
