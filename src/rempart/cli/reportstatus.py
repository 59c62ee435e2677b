"""`rempart reports status`: where reports go, and whether the service knows this deployment's credentials."""

from __future__ import annotations

import json
from pathlib import Path

import click

from rempart.cli.datafolder import data_option
from rempart.cli.exitcodes import COULD_NOT, NOTHING_FOUND
from rempart.errors import RefusedError, TiplineUnavailableError
from rempart.settings import read_settings

_SAID = {
    "rehearsal": "Reports are rehearsed on this machine: nothing leaves it, and nothing is reported.",
    "test": "Reports go to the CyberTipline's service for trying: nothing is reported.",
    "production": "The settings say that reports go to the CyberTipline. It also takes two people, on the console.",
}


@click.command()
@click.option(
    "--environment", type=click.Choice(["rehearsal", "test", "production"]), help="Another one than the settings name."
)
@data_option
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
def command(environment: str | None, data: Path, as_json: bool) -> int:
    """Ask the service whether it is there and knows the credentials; sends nothing else.

    Exit code 2 when it does not answer, or does not know them.
    """
    from rempart.reports.cybertip.values import Environment
    from rempart.server.cybertips import connection_of, schema_of

    settings = read_settings(data)
    wanted = Environment(environment or settings.cybertip.environment)
    schema = schema_of(settings)
    try:
        with connection_of(settings, environment=wanted) as connection:
            answer = connection.status()
            kind, said = answer.kind.value, answer.description
    except (TiplineUnavailableError, RefusedError) as err:
        kind, said = "unavailable" if isinstance(err, TiplineUnavailableError) else "refused", str(err)
    told = {
        "environment": wanted.value, "configured": settings.cybertip.environment, "answer": kind, "said": said,
        "schema": schema.sha256 if schema else None,
    }  # fmt: skip
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        click.echo(_SAID[settings.cybertip.environment])
        click.echo(f"Asked: {wanted.value}. {_meaning(kind, said)}")
        click.echo(f"Schema: {f'pinned, {schema.sha256[:12]}…' if schema else 'none pinned (rempart reports schema)'}")
    return NOTHING_FOUND if kind == "ok" else COULD_NOT


def _meaning(kind: str, said: str) -> str:
    if kind == "ok":
        return "It answers, and knows the credentials."
    if kind == "credentials":
        return "It answers, and does not accept the credentials: look at user and password in [cybertip]."
    return f"It could not be asked: {said}"
