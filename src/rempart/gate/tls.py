"""What connections are trusted: the certificates of this machine, read once and only where they are needed."""

from __future__ import annotations

import ssl


def tls_for(url: str) -> ssl.SSLContext | bool:
    """What httpx is to verify an address with; reading the certificates takes longer than many an answer."""
    return ssl.create_default_context() if url.startswith("https://") else False
