"""Addresses of pictures, as people paste them: found in what was pasted, one by one, and never opened."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

MOST = 10
LONGEST = 1_000
_BARE = re.compile(r"[^\s/:?#@]+\.[^\s/:?#@.\d][^\s/:?#@.]*(:\d{1,5})?([/?#]\S*)?")
_WHOLE = re.compile(r"https?://\S+", re.IGNORECASE)
_ENDS = ".,;:!?)]}>»”’\"'"
_HIDDEN = ("Cf", "Cc", "Co", "Cn", "Zs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The addresses in a text, and the lines in which there is none."""

    addresses: tuple[str, ...]
    unread: tuple[str, ...]


def found(text: str) -> Found:
    """The addresses in what somebody pasted, each once, in the order given.

    A line may be an address with or without `https://`, or a sentence with one in it, as phones share links.
    """
    addresses: dict[str, None] = {}
    unread: list[str] = []
    for line in filter(None, map(str.strip, text.split("\n"))):
        pieces = [line] if _WHOLE.fullmatch(line) else [one.rstrip(_ENDS) for one in _WHOLE.findall(line)]
        inside = [address for one in pieces if (address := _address(one))]
        if not inside and _BARE.fullmatch(line) and (bare := _address(f"https://{line}")):
            inside = [bare]
        addresses |= dict.fromkeys(inside)
        if not inside:
            unread.append(line)
    return Found(addresses=tuple(addresses), unread=tuple(unread))


def _address(text: str) -> str:
    """An address, its invisible characters written out; empty for what is none."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return ""
    if not host or "@" in parts.netloc or not _is_host(host):
        return ""
    return "".join(quote(one) if unicodedata.category(one) in _HIDDEN else one for one in text)


def _is_host(host: str) -> bool:
    if any(unicodedata.category(one) in _HIDDEN or one in "<>\"'\\^`{|}%" for one in host):
        return False
    try:
        ip_address(host)
    except ValueError:
        return len(host) <= 253 and all(0 < len(label) <= 63 for label in host.removesuffix(".").split("."))
    return True
