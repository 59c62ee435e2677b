"""`rempart doctor`: what this machine has, what that means, and what to do about it."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from rempart import __version__
from rempart.cli.exitcodes import worst
from rempart.server.machine import Finding, examine_machine


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(as_json: bool) -> int:
    """What this machine has, and what that means.

    Every format is really decoded and the sandbox is measured in a live worker. Exit code 2 when something cannot be
    done here, else 0: a missing accelerator or wall is shown, but is no failure.
    """
    findings = list(examine_machine())
    if as_json:
        click.echo(json.dumps({"rempart": __version__, "findings": [asdict(found) for found in findings]}))
    else:
        _print(findings)
    return worst(found=False, failed=any(found.works is False for found in findings))


def _print(findings: list[Finding]) -> None:
    topic = ""
    for found in findings:
        if found.topic != topic:
            topic = found.topic
            click.echo(f"\n{topic}" if found is not findings[0] else topic)
        mark = {True: "ok     ", False: "MISSING", None: "note   "}[found.works]
        click.echo(f"  {mark}  {found.name:16}  {found.state}")
    advised = [found for found in findings if found.advice]
    click.echo("\nwhat to do" if advised else "\nNothing is missing.")
    for found in advised:
        click.echo(f"  {found.name}: {found.advice}")
