"""The `rempart reports` group: reports to the CyberTipline; each command's module is imported when it is called."""

import click

from rempart.cli.main import LazyGroup

REPORTS: dict[str, tuple[str, str]] = {
    "rehearse": (
        "rempart.cli.rehearse",
        "See a report from the first look to the receipt; nothing leaves this machine.",
    ),
    "attach": ("rempart.cli.reportattach", "A file of any length into a draft."),
    "status": ("rempart.cli.reportstatus", "Where reports go, and whether the service knows the credentials."),
    "schema": ("rempart.cli.reportschema", "The service's own schema: fetch it, pin it."),
    "check": ("rempart.cli.reportcheck", "Check documents of your own; sends nothing."),
    "test-server": ("rempart.cli.reportserver", "A CyberTipline of your own to try things on."),
}
"""Each command by one line, as in rempart.cli.main: its module's `command`, and what it does."""


@click.group(cls=LazyGroup, lazy=REPORTS)
def command() -> None:
    """Reports to the CyberTipline: what waits, what was sent, what was answered, and rehearsing."""
