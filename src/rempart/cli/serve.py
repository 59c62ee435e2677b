"""`rempart serve`: the API, the pages and all background work, in one process or several."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import click

from rempart.cli.datafolder import data_option
from rempart.errors import RempartError, SettingsError, UnavailableError


@click.command()
@data_option
@click.option("--host", help="The address to listen on, in place of the setting.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port, in place of the setting; 0 takes a free one.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Server processes.")
@click.option("--listen-on", type=int, hidden=True, help="An open socket, for the processes of --workers.")
@click.option("--share", type=int, default=1, hidden=True)
@click.option("--keeper", type=int, hidden=True)
def command(
    data: Path,
    host: str | None,
    port: int | None,
    workers: int,
    listen_on: int | None,
    share: int,
    keeper: int | None,
) -> int:
    """Serve the API and the pages, and do the work behind them, until stopped.

    The schema is brought up to date first. One process is enough for a small service; more share the address, and on
    Postgres several machines share the work.
    """
    from rempart.server import serving
    from rempart.settings import read_settings

    settings = read_settings(data)
    if listen_on is not None:
        if keeper is not None:
            serving.end_with(keeper)
        serving.serve_on(settings, socket.socket(fileno=listen_on), share=share)
        return 0
    address = (host or settings.server.host, settings.server.port if port is None else port)
    serving.refuse_unsafe(settings, address[0])
    with _bound(address) as listening:
        shown = _shown(address[0], listening.getsockname()[1])
        if workers == 1:
            serving.serve_on(settings, listening, on_ready=lambda: click.echo(f"Rempart listens on {shown}"))
            return 0
        return serving.supervise(
            settings, listening, workers=workers, on_ready=lambda: click.echo(f"Rempart listens on {shown}")
        )  # fmt: skip


def _bound(address: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    made = socket.socket(family)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(address)
        made.listen(4096)
    except (OSError, OverflowError) as err:
        made.close()
        reason = err.strerror if isinstance(err, OSError) else str(err)
        raise _cannot_listen(address, reason or "unknown") from err
    made.setblocking(False)
    return made


def _cannot_listen(address: tuple[str, int], reason: str) -> RempartError:
    if reason == os.strerror(99):
        return SettingsError(f"This machine has no address {address[0]}.", hint="Set server.host, or use --host.")
    return UnavailableError(
        f"Port {address[1]} of {address[0]} cannot be used: {reason}.", hint="Stop what uses it, or use --port."
    )


def _shown(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
