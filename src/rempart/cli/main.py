"""The command group, loaded lazily so that `rempart --help` does not pay for NumPy."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Mapping

import click

from rempart import __version__
from rempart.cli.exitcodes import COULD_NOT, INTERRUPTED
from rempart.errors import RempartError

COMMANDS: Mapping[str, tuple[str, str]] = {
    "hash": ("rempart.cli.hash", "Digests and PDQ of files, one JSON object per line."),
    "list": ("rempart.cli.list", "Build, show, export and verify hash lists."),
    "match": ("rempart.cli.match", "Look hashes up in hash lists."),
    "scan": ("rempart.cli.scan", "Check folders, files and archives against hash lists."),
    "demo": ("rempart.cli.demo.show", "See altered copies of pictures being found."),
    "doctor": ("rempart.cli.doctor", "What this machine has, and what that means."),
    "bench": ("rempart.cli.bench.group", "Measure speed, memory, recall and false positives."),
}


class LazyGroup(click.Group):
    """A click group whose sub-commands live in modules that are imported on use."""

    def __init__(self, *args: object, lazy: Mapping[str, tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._lazy:
            return None
        command: click.Command = importlib.import_module(self._lazy[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self._lazy.items()])


@click.group(cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rempart")
def command() -> None:
    """Find known pictures and their altered copies; nothing leaves this machine.

    Exit codes: 0 nothing found, 1 something found, 2 something could not be done (1 outranks 2).
    """


def main() -> None:
    """Run the command line; an error of Rempart's own becomes one clear line and exit code 2."""
    try:
        code = command.main(standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as err:
        err.show()
        sys.exit(COULD_NOT)
    except (KeyboardInterrupt, click.Abort):
        click.echo("Stopped.", err=True)
        sys.exit(INTERRUPTED)
    except RempartError as err:
        click.echo(f"rempart: {err}", err=True)
        sys.exit(COULD_NOT)
    except BrokenPipeError:
        # Whoever read our output has closed it: nothing more can be said there.
        _silence()
        sys.exit(COULD_NOT)
    except OSError as err:
        # A full disk behind standard output, most of all; rooms translate what they know more about.
        _silence()
        named = f": {err.filename}" if err.filename else ""
        click.echo(f"rempart: {err.strerror or err}{named}", err=True)
        sys.exit(COULD_NOT)
    except Exception:  # noqa: BLE001 - the outermost handler: Python's own exit code 1 would read as "found"
        traceback.print_exc()
        fault = "rempart: a fault in Rempart itself; please report the lines above, without any file's name."
        click.echo(fault, err=True)
        sys.exit(COULD_NOT)
    sys.exit(code if isinstance(code, int) else 0)


def _silence() -> None:
    """Standard output leads nowhere from now on, so that Python does not try it again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
