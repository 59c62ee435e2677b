"""Notices as a deployment's settings ask for them: who writes letters, and whom they name for help."""

from __future__ import annotations

from rempart.evidence.vault import Keyring
from rempart.intake.notices.letters import LANGUAGES, Sender
from rempart.intake.notices.writing import Writer
from rempart.server.pages.notice.helplines import helplines
from rempart.settings import Settings


def writer_of(settings: Settings, *, keyring: Keyring) -> Writer:
    """Who writes letters about notices."""
    return Writer(
        sender=_sender(settings, child=False), for_children=_sender(settings, child=True), keyring=keyring
    )  # fmt: skip


def _sender(settings: Settings, *, child: bool) -> Sender:
    told = settings.notices
    lines = {
        language: tuple(f"{one.name}: {one.address}" for one in helplines(told, language, child=child))
        for language in LANGUAGES
    }
    return Sender(
        page=f"{settings.server.public_url.rstrip('/')}/notice", help=lines,
        regulator={language: told.regulator for language in LANGUAGES if told.regulator},
    )  # fmt: skip
