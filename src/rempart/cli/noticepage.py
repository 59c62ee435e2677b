"""`rempart notice-page`: the hash step of a notice as one file that needs no server."""

from __future__ import annotations

import base64
import hashlib
import html
from pathlib import Path

import click

from rempart.cli.exitcodes import NOTHING_FOUND
from rempart.cli.output import output_file
from rempart.server.pages.rendering import environment, file
from rempart.server.pages.texts import LANGUAGES, texts

_STYLES = ("pages.css", "notice-hash.css")
_WORKER, _SCRIPT = "notice-worker.js", "notice-hash.js"
_PAGE = """\
<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta http-equiv="content-security-policy" content="{rules}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}<script type="text/plain" id="notice-worker">{worker}</script>
<script type="module">{script}</script>
</body>
</html>
"""


@click.group()
def command() -> None:
    """The hash step of a notice, as one page that somebody saves, checks and uses with the network off."""


@command.command(short_help="Write the page, and print its SHA-256 to publish.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write.")
@click.option("--language", type=click.Choice(list(LANGUAGES)), default="en", show_default=True)
def export(out: Path, language: str) -> int:
    """Write the page to a file, and print its SHA-256.

    The page holds all it needs and its own rules forbid it to connect. It is the same byte for byte wherever this
    version of Rempart makes it, so anybody can make it again and compare. Publish the line that is printed at
    another place than the page.
    """
    page = saved_page(language)
    with output_file(out) as stream:
        stream.write(page)
    click.echo(f"{hashlib.sha256(page).hexdigest()}  {out}")
    return NOTHING_FOUND


def saved_page(language: str) -> bytes:
    """The page in `en` or `fr`: scripts and styles inline, allowed by their digests and nothing else."""
    words = texts(language)
    style = "\n".join(_text(name) for name in _STYLES)
    script, worker = _text(_SCRIPT), _text(_WORKER)
    rules = (
        f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}; worker-src blob:; "
        "media-src blob:; connect-src 'none'; form-action 'none'; base-uri 'none'; require-trusted-types-for 'script'"
    )
    return _PAGE.format(
        lang=language,
        rules=rules,
        title=html.escape(words.say("notice_page.title")),
        style=style,
        body=environment().get_template("notice/saved.html").render(say=words.say),
        worker=worker,
        script=script,
    ).encode("utf-8")


def _text(name: str) -> str:
    text = file(name).decode("utf-8")
    assert "</s" not in text.lower(), f"{name} would end its own element"
    return text


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
