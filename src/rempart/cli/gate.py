"""`rempart gate`: the proxy in front of an image generator, and the scan of projects that bring pictures along."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from rempart.cli.limits import read_size
from rempart.cli.main import LazyGroup
from rempart.errors import SettingsError

COMMANDS = {"scan": ("rempart.cli.gatescan", "Check the pictures inside project files.")}
KEY_VARIABLE = "REMPART_KEY"
SERVER = click.option("--server", metavar="URL", envvar="REMPART_URL", help="Rempart; also from $REMPART_URL.")
KEY_FILE = click.option(
    "--key-file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
    help="The key for Rempart, of the scope `generator`; without it, from $REMPART_KEY.",
)  # fmt: skip


@click.group(cls=LazyGroup, lazy=COMMANDS, invoke_without_command=True)
@click.option("--upstream", metavar="URL", help="The generator, without /v1: http://127.0.0.1:7860.")
@SERVER
@KEY_FILE
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8610, show_default=True, help="The port; 0 takes a free one."
)
@click.option("--public-url", metavar="URL", help="Where clients reach this gate, where that is somewhere else.")
@click.option(
    "--upstream-key-file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
    help="A key for the generator, in place of what clients send.",
)  # fmt: skip
@click.option(
    "--user-header", metavar="NAME", help="The header in which your own front names who asks. [the field `user`]"
)
@click.option("--label", default="", help="What makes the pictures, for their label: `atelier 2.1`.")
@click.option("--unstamped", is_flag=True, help="Only check pictures, and give them out as they were made.")
@click.option("--pass", "passes", metavar="PATH", multiple=True, help="A further path to be read: /v1/models.")
@click.option("--field", "fields", metavar="NAME", multiple=True, help="A further text field that may go through.")
@click.option("--script", "scripts", metavar="NAME", multiple=True, help="A script of the web UI that may be used.")
@click.option("--seconds", type=click.FloatRange(1, 3600), default=300, show_default=True, help="For one answer.")
@click.option("--max-bytes", callback=read_size, default="64M", show_default=True, help="Size of one request.")
@click.option("--at-once", type=click.IntRange(1, 256), default=8, show_default=True, help="Requests at a time.")
@click.pass_context
def command(context: click.Context, /, **options: Any) -> int:
    """Stand in front of an image generator: references are checked before it, pictures after it.

    What goes through: /v1/images/generations, edits and variations as OpenAI made them, and txt2img and img2img of
    the Stable Diffusion web UI. Everything else is refused, unless a path is named with --pass. Where the check cannot
    be made, nothing goes through. docs/howto/gate-proxy.md says what is read, kept back and passed on.
    """
    if context.invoked_subcommand is not None:
        return 0
    _serve(options)
    return 0


def server_and_key(server: str | None, key_file: Path | None) -> tuple[str, str]:
    """The address of Rempart and the key for it. Raises SettingsError."""
    if not server:
        raise SettingsError("Where Rempart is was not said.", hint="Use --server, or set REMPART_URL.")
    key = os.environ.get(KEY_VARIABLE, "") if key_file is None else _read_key(key_file)
    if not key:
        raise SettingsError(
            "There is no key for Rempart.",
            hint="Make one with `rempart key create … --scope generator`, and use --key-file or set REMPART_KEY.",
        )
    return server, key


def _read_key(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as err:
        raise SettingsError(f"The key in {path} cannot be read.") from err


def _serve(options: dict[str, Any]) -> None:
    from rempart.cli.gateserving import serve
    from rempart.gate.limits import DEFAULT
    from rempart.gate.service import ServiceKeeper
    from rempart.gate.setup import open_gate

    if not options["upstream"]:
        raise SettingsError("Which generator stands behind the gate was not said.", hint="Use --upstream URL.")
    server, key = server_and_key(options["server"], options["key_file"])
    limits = replace(
        DEFAULT, upstream_seconds=options["seconds"], body_bytes=options["max_bytes"], at_once=options["at_once"]
    )
    own, label = options["upstream_key_file"], options["label"]
    keeper = ServiceKeeper(server, key, generator=label, stamped=not options["unstamped"])
    gate = open_gate(
        options["upstream"], keeper, limits=limits,
        upstream_key=None if own is None else _read_key(own), passes=options["passes"], fields=options["fields"],
        scripts=options["scripts"], user_header=(options["user_header"] or "").lower() or None,
        public_url=options["public_url"],
    )  # fmt: skip
    serve(gate, host=options["host"], port=options["port"], public_url=options["public_url"] or "")
