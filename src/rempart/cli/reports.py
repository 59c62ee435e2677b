"""The `rempart reports` group: reports to the CyberTipline; each command's module is imported when it is called."""

import click

from rempart.cli.main import LazyGroup

REPORTS: dict[str, tuple[str, str]] = {
    "draft": ("rempart.cli.reportdraft", "Drafts: what they say and lack, and the two people who agree to one."),
    "rehearse": (
        "rempart.cli.rehearse",
        "See a report from the first look to the receipt; nothing leaves this machine.",
    ),
    "list": ("rempart.cli.reportfiling:list_", "The youngest reports: where each stands, and why it waits."),
    "show": ("rempart.cli.reportfiling:show", "One report: its openings, calls and receipt."),
    "file": ("rempart.cli.reportfiling:file", "File a confirmed report; what was rehearsed may be filed again."),
    "retry": ("rempart.cli.reportfiling:retry", "Go on with a report now."),
    "stop": ("rempart.cli.reportfiling:stop", "Take a report back while it is being filed."),
    "resolve": ("rempart.cli.reportfiling:resolve", "Say what became of a report that people had to look after."),
    "attach": ("rempart.cli.reportattach", "A file of any length into a draft."),
    "status": ("rempart.cli.reportstatus", "Where reports go, and whether the service knows the credentials."),
    "schema": ("rempart.cli.reportschema", "The service's own schema: fetch it, pin it."),
    "check": ("rempart.cli.reportcheck", "Check documents of your own; sends nothing."),
    "test-server": ("rempart.cli.reportserver", "A CyberTipline of your own to try things on."),
}
"""Each command by one line, as in rempart.cli.main: its module, its name there, and what it does."""


@click.group(cls=LazyGroup, lazy=REPORTS)
def command() -> None:
    """Reports to the CyberTipline: what waits, what was sent, what was answered, and rehearsing."""
