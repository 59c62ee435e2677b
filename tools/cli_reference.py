"""Write docs/cli.md from the commands themselves; `--check` fails when the page is out of date."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from rempart.cli.main import command

PAGE = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
INTRO = """# Command line reference

Generated from the commands by `make docs`; do not edit by hand.

Exit codes are those of clamscan: **0** nothing found, **1** something found, **2** something could not be done.
Found outranks could-not; what could not be done is in the output all the same.
"""


def walk(node: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its full name, parents first."""
    yield name, node
    if isinstance(node, click.Group):
        context = click.Context(node, info_name=name)
        for child in node.list_commands(context):
            found = node.get_command(context, child)
            if found is not None:
                yield from walk(found, f"{name} {child}")


def render() -> str:
    """The whole page as text."""
    parts = [INTRO]
    for name, node in walk(command, "rempart"):
        context = click.Context(
            node, info_name=name, **command.context_settings, max_content_width=100, terminal_width=100
        )
        parts.append(f"\n## `{name}`\n\n```text\n{node.get_help(context).rstrip()}\n```\n")
    return "".join(parts)


def main() -> int:
    """Write the page, or compare it."""
    text = render()
    if "--check" not in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        print("docs/cli.md is out of date: run 'make docs'", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
