"""`rempart reports test-server`: a CyberTipline of one's own to try things on."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from rempart.cli.exitcodes import NOTHING_FOUND
from rempart.errors import RefusedError


@click.command("test-server")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port. [a free one]")
@click.option("--user", default="rehearsal", show_default=True, help="The user that it is asked by.")
@click.option("--password", default="", help="The password. [a new one]")
@click.option("--next", "plan", multiple=True, metavar="BEHAVIOUR", help="How to behave at a call, or CALL:BEHAVIOUR.")
@click.option("--hang", type=click.FloatRange(0), default=60.0, show_default=True, help="Seconds without an answer.")
@click.option(
    "--keep", metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False), help="Where its reports outlive it."
)
@click.option(
    "--schema", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="What /xsd gives."
)
@click.option("--behaviours", "only_tell", is_flag=True, help="Tell what behaviours there are, and end.")
def command(
    port: int, user: str, password: str, plan: tuple[str, ...], hang: float, keep: Path | None, schema: Path | None,
    only_tell: bool,
) -> int:  # fmt: skip
    """A server on this machine that follows the CyberTipline's documented rules and reports nothing to anybody.

    It says the lines for [cybertip] that lead there. While it runs, POST /rehearsal/misbehave {"next": […]} plans more
    behaviours and GET /rehearsal/reports shows what it has, with the same user and password. Ends with Ctrl-C.
    """
    from rempart.reports.cybertip.service.misbehaving import MEANINGS
    from rempart.reports.cybertip.service.rehearsal import RehearsalServer

    if only_tell:
        for how, meaning in MEANINGS.items():
            click.echo(f"{how.value:14} {meaning}")
        return NOTHING_FOUND
    try:
        given = schema.read_bytes() if schema else b""
        server = RehearsalServer(
            user=user, password=password, port=port, plan=plan, hang=hang, keep=keep, schema=given
        )  # fmt: skip
    except OSError as err:
        raise RefusedError(f"The server cannot be started: {err.strerror}.") from err
    lines = ("[cybertip]", 'environment = "test"', f'test_url = "{server.url}"', f'test_user = "{server.user}"')
    click.echo("\n".join((*lines, f'test_password = "{server.password}"')))
    sys.stdout.flush()
    try:
        server.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        reports = server.book.reports()
        click.echo(f"Reports: {len(reports)}. Finished: {len(server.finished)}. Calls: {len(server.calls)}.")
    finally:
        server.over.set()
        server.server_close()
    return NOTHING_FOUND
