"""The process of the gate."""

from __future__ import annotations

import ipaddress
import logging
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import click
import uvicorn
from starlette.types import ASGIApp

from rempart.errors import SettingsError, UnavailableError
from rempart.server.protocol import PatientProtocol

_KEEP_ALIVE_SECONDS = 30
_STOP_SECONDS = 30
_CONNECTIONS = 512


def serve(app: ASGIApp, *, host: str, port: int, public_url: str) -> None:
    """Serve until told to stop; what was begun is answered. Raises SettingsError or UnavailableError."""
    if not _is_loopback(host) and not public_url.startswith("https://"):
        raise SettingsError(
            f"On {host} pictures and keys would cross the network unencrypted.",
            hint="Put a proxy with TLS in front and say --public-url https://…, or use 127.0.0.1.",
        )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for quiet, level in {
        "httpx": logging.WARNING,
        "httpcore": logging.WARNING,
        "python_multipart": logging.ERROR,
    }.items():
        logging.getLogger(quiet).setLevel(level)
    with _bound(host, port) as listening:
        config = uvicorn.Config(
            app, loop="uvloop", http=PatientProtocol, ws="none", lifespan="off", log_config=None, access_log=False,
            proxy_headers=False, server_header=False, timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_STOP_SECONDS, limit_concurrency=_CONNECTIONS,
        )  # fmt: skip
        shown = f"[{host}]" if ":" in host else host
        click.echo(f"The gate listens on http://{shown}:{listening.getsockname()[1]}")
        _Server(config).run(sockets=[listening])


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal, and end as a program that did what it was told; uvicorn's own would raise it again."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        made = socket.create_server((host, port), family=family, backlog=256)
    except OSError as err:
        raise UnavailableError(
            f"Port {port} of {host} cannot be used: {err.strerror}.", hint="Stop what uses it, or use --port."
        ) from err
    made.setblocking(False)
    return made


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
