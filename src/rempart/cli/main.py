"""The command group, loaded lazily so that `rempart --help` does not pay for NumPy."""

from __future__ import annotations

import errno
import importlib
import os
import sys
import traceback
from collections.abc import Mapping

import click

from rempart import __version__
from rempart.cli.exitcodes import COULD_NOT, INTERRUPTED
from rempart.cli.terminal import printable
from rempart.errors import PolicyError, RempartError, WorkSettingsError

_STREAM_ERRORS = {errno.EBADF, errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

COMMANDS: Mapping[str, tuple[str, str]] = {
    "hash": ("rempart.cli.hash", "Digests and PDQ of files, one JSON object per line."),
    "list": ("rempart.cli.list", "Build, show, export and verify hash lists."),
    "ledger": ("rempart.cli.ledger", "Export, prove and verify the tamper-evident log."),
    "match": ("rempart.cli.match", "Look hashes up in hash lists."),
    "policy": ("rempart.cli.policy", "What follows from a match: check, try and put in force."),
    "case": ("rempart.cli.case", "Cases that wait for people, and cases about accounts."),
    "notice": ("rempart.cli.notice", "Notices: list and show them, enter one that came by phone or letter."),
    "reasons": ("rempart.cli.reasons", "Statements of reasons, and the transparency database."),
    "reports": ("rempart.cli.reports", "Reports to the CyberTipline: rehearse, file, follow."),
    "stats": ("rempart.cli.stats", "Transparency reports, made from the ledger and made again from an export."),
    "order": ("rempart.cli.order", "Orders and requests of authorities, and what was handed over."),
    "referral": ("rempart.cli.referral", "Sealed packages for authorities: draft, confirm, pack, verify."),
    "removal": ("rempart.cli.removal", "Removals that notices asked for and no service has confirmed."),
    "work": ("rempart.cli.work", "How the team works: queues, routes, what needs two people."),
    "inspect": ("rempart.cli.inspect", "What files say of where they come from, and whether you made them."),
    "trust": ("rempart.cli.trust", "Roots of signers whose credentials read as trusted."),
    "derive": ("rempart.cli.derive", "Whether a picture shares pixels with others, with a map and error rates."),
    "protected": ("rempart.cli.protected", "Photos that the gate before a generator refuses on request."),
    "stamp": ("rempart.cli.stamp", "Label, mark and sign what a generator made, and record it."),
    "certs": ("rempart.cli.certs", "A certificate to sign with: make one, and see which rule one breaks."),
    "serve": ("rempart.cli.serve", "Serve the check API, the pages and the work behind them."),
    "gate": ("rempart.cli.gate", "Stand in front of an image generator; check pictures in projects."),
    "scan": ("rempart.cli.scan", "Check folders, files and archives against hash lists."),
    "init": ("rempart.cli.init", "Make a data folder with keys, a database and a first administrator."),
    "backup": ("rempart.cli.backup", "Everything but the keys into one file, while the server runs."),
    "restore": ("rempart.cli.restore", "Bring a backup back, and repeat what was destroyed since."),
    "vault": ("rempart.cli.vault", "Sealed evidence: custody, holds, destruction, service keys."),
    "notice-page": ("rempart.cli.noticepage", "The hash step of a notice as one page to save and use offline."),
    "user": ("rempart.cli.user", "People who may sign in, and their roles."),
    "key": ("rempart.cli.key", "Keys with which services use the API."),
    "demo": ("rempart.cli.demo.show", "See altered copies of pictures being found."),
    "doctor": ("rempart.cli.doctor", "What this machine has, and what that means."),
    "bench": ("rempart.cli.bench.group", "Measure speed, memory, recall and false positives."),
}


class LazyGroup(click.Group):
    """A click group whose sub-commands live in modules that are imported on use: `module`, whose `command` is meant, or
    `module:name`."""

    def __init__(self, *args: object, lazy: Mapping[str, tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._lazy:
            return None
        module, _, name = self._lazy[cmd_name][0].partition(":")
        found: click.Command = getattr(importlib.import_module(module), name or "command")
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if not self._lazy:
            return
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
    _open_missing_streams()
    code = _run()
    try:
        sys.stdout.flush()
    except (BrokenPipeError, ValueError):  # nobody reads, or it was closed by whoever wrote to it last
        _drop_output()
        code = code or COULD_NOT
    except OSError as err:
        failed = _stream_failed(err)
        code = code or failed
    sys.exit(code)


def _run() -> int:
    try:
        code = command.main(standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as err:
        err.show()
        return COULD_NOT
    except (KeyboardInterrupt, click.Abort):
        click.echo("Stopped.", err=True)
        return INTERRUPTED
    except RempartError as err:
        _tell(err)
        return COULD_NOT
    except BrokenPipeError:
        _drop_output()
        return COULD_NOT
    except OSError as err:
        if err.errno not in _STREAM_ERRORS or err.filename is not None:
            return _report_fault()
        return _stream_failed(err)
    except Exception:  # noqa: BLE001 - the outermost handler: Python's own exit code 1 would read as "found"
        return _report_fault()


def _tell(err: RempartError) -> None:
    lines = [str(err)]
    if isinstance(err, PolicyError):
        lines = [f"Line {line}: {text}" for line, text in err.problems]
    elif isinstance(err, WorkSettingsError):
        lines = list(err.problems)
    click.echo("\n".join(f"rempart: {printable(line)}" for line in lines), err=True)


def _stream_failed(err: OSError) -> int:
    _drop_output()
    click.echo(f"rempart: Standard input or output failed: {err.strerror}.", err=True)
    return COULD_NOT


def _report_fault() -> int:
    traceback.print_exc()
    click.echo("rempart: a fault in Rempart itself; please report the lines above, without file names.", err=True)
    return COULD_NOT


def _open_missing_streams() -> None:
    """Whoever closed a standard stream gets an error when it is used, and no list or journal opened in its place."""
    for number, flags in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)  # takes the lowest number that is free: this one
    sys.stdin = sys.stdin or os.fdopen(0, "r", closefd=False)
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


def _drop_output() -> None:
    """Nothing more can be said on standard output, and Python must not try at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
