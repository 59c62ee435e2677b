"""The `rempart reports` group: reports to the CyberTipline; each command's module is imported only when it is called."""

import click

from rempart.cli.main import LazyGroup

REPORTS: dict[str, tuple[str, str]] = {}
"""Each command by one line, as in rempart.cli.main: its module's `command`, and what it does."""


@click.group(cls=LazyGroup, lazy=REPORTS)
def command() -> None:
    """Reports to the CyberTipline: what waits, what was sent, what was answered, and rehearsing."""
