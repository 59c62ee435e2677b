"""`rempart reports schema`: fetch the service's own schema, look at it, pin it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import click

from rempart.cli.datafolder import data_option
from rempart.cli.exitcodes import NOTHING_FOUND
from rempart.errors import RefusedError
from rempart.settings import read_settings


@click.command()
@click.option("--fetch", "fetching", is_flag=True, help="Fetch it from the service that the settings name.")
@click.option(
    "--from", "given", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="Take it from a file."
)
@data_option
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
def command(fetching: bool, given: Path | None, data: Path, as_json: bool) -> int:
    """The service's own schema, by which reports are checked before they are sent, beside Rempart's own rules.

    What is fetched is put into the data folder and not used before its digest stands in the settings.
    """
    from rempart.reports.cybertip.service import schema as schemas
    from rempart.server.cybertips import SCHEMAS, connection_of, schema_of

    settings = read_settings(data)
    pinned = settings.cybertip.schema_sha256
    if fetching and given:
        raise RefusedError("Fetch it, or take it from a file.", hint="Leave --fetch or --from out.")
    if fetching:
        # A pinned schema that cannot be used must not keep a new one from being fetched.
        bare = settings.model_copy(update={"cybertip": settings.cybertip.model_copy(update={"schema_sha256": ""})})
        with connection_of(bare) as connection:
            found = schemas.fetch(connection)
    elif given:
        found = schemas.compiled(_read(given))
    else:
        kept = schema_of(settings)
        if kept is None:
            _say({"pinned": None}, "No schema is pinned: reports are checked by Rempart's own rules alone.", as_json)
        else:
            text = f"Pinned: {kept.sha256}\nIt knows: {_parts(kept.edition.has)}"
            _say({"pinned": kept.sha256, "has": sorted(one.name.lower() for one in kept.edition.has)}, text, as_json)
        return NOTHING_FOUND
    schemas.keep(settings.data / SCHEMAS, found)
    same = found.sha256 == pinned
    told = {"fetched": found.sha256, "pinned": pinned or None, "same": same}
    lines = [f"Fetched: {found.sha256}", f"It knows: {_parts(found.edition.has)}"]
    if same:
        lines.append("It is the one that is pinned.")
    else:
        lines += [
            "It is another one than is pinned." if pinned else "Nothing was pinned before.",
            "To use it, set this in rempart.toml and start again:",
            f'[cybertip]\nschema_sha256 = "{found.sha256}"',
        ]
    _say(told, "\n".join(lines), as_json)
    return NOTHING_FOUND


def _parts(has: frozenset[object]) -> str:
    return ", ".join(sorted(str(getattr(one, "value", one)) for one in has)) or "none of the parts that differ"


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read((4 << 20) + 1)
    except OSError as err:
        raise RefusedError(f"{path} cannot be read: {err.strerror}.") from err


def _say(told: Mapping[str, object], text: str, as_json: bool) -> None:
    click.echo(json.dumps(told) if as_json else text)
