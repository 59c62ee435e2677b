"""The readable page of the file on a notice: one HTML file that needs nothing else."""

from __future__ import annotations

from rempart.clock import iso
from rempart.intake.notices.filing import Dossier
from rempart.server.pages.rendering import environment
from rempart.server.pages.texts import Texts


def cover(dossier: Dossier, *, words: Texts) -> bytes:
    """The page, in UTF-8."""
    template = environment().get_template("notices/cover.html")
    told = template.render(dossier=dossier, lang=words.lang, say=words.say, count=words.count, moment=iso)
    return told.encode()
