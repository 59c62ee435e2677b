"""Who writes letters about notices in a running service: its page, the help that it names, and its post."""

from __future__ import annotations

from rempart.evidence.vault import Keyring
from rempart.intake.notices.letters import Post, Sender, nothing_posted
from rempart.intake.notices.sending import Sending
from rempart.intake.notices.writing import Writer
from rempart.server.pages.notice.helplines import helplines
from rempart.server.pages.texts import LANGUAGES
from rempart.settings import Settings
from rempart.store.engine import Store


def writer_of(settings: Settings, keyring: Keyring, *, post: Post = nothing_posted) -> Writer:
    """The writer of a process."""
    address = settings.server.public_url or f"http://localhost:{settings.server.port}"
    return Writer(
        sender=Sender(
            page=f"{address.rstrip('/')}/notice/follow", help={one: _help(settings, one) for one in LANGUAGES}
        ),
        keyring=keyring,
        post=post,
    )


def sending_of(settings: Settings, store: Store, keyring: Keyring) -> Sending:
    """What takes in the notices of the page."""
    return Sending(
        store=store, writer=writer_of(settings, keyring), service=settings.notices.service,
        regimes=settings.notices.regimes,
    )  # fmt: skip


def _help(settings: Settings, language: str) -> tuple[str, ...]:
    """Lines of a letter: who helps those who were under 18, then who helps adults, each once."""
    both = (one for child in (True, False) for one in helplines(settings.notices, language, child=child))
    return tuple(dict.fromkeys(f"{one.name}: {one.address}" for one in both))
