"""Which addresses a webhook may have: never a way into the operator's own network."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from rempart.errors import RefusedError

MOST_CHARACTERS = 2_000

_NAT64 = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def check_target(url: str) -> SplitResult:
    """The parts of an address that a webhook may have. Raises RefusedError saying why it may not.

    https to anywhere, or http to this very machine. Where a name leads is checked at each delivery: see `reachable`.
    """
    if len(url) > MOST_CHARACTERS or not url.isascii() or not url.isprintable() or " " in url:
        raise RefusedError(f"A webhook's address is an https address of at most {MOST_CHARACTERS} plain characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as err:
        raise RefusedError("This is no web address.", hint="Write https://example.org/hook.") from err
    if not parts.hostname or port == 0:
        raise RefusedError("This is no web address.", hint="Write https://example.org/hook.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise RefusedError("A webhook's address has no user name, password or fragment.", hint="Leave them out.")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_own_machine(parts.hostname)):
        raise RefusedError(
            "A webhook's address begins with https://.", hint="http:// is for 127.0.0.1, ::1 and localhost."
        )
    return parts


def is_own_machine(host: str) -> bool:
    """Whether a host, as written, is this machine: localhost, or a loopback address."""
    if host.lower() == "localhost":
        return True
    try:
        return plain(ip_address(host)).is_loopback
    except ValueError:
        return False


def reachable(host: str, address: Address, *, listed: Iterable[Network]) -> bool:
    """Whether messages for `host` may go to the address that it leads to.

    Public addresses, and those in a network that the operator listed. Loopback only where the host was written as
    this machine: a name that leads there is somebody's way in.
    """
    address = plain(address)
    if address.is_loopback:
        return is_own_machine(host)
    if any(address.version == network.version and address in network for network in listed):
        return True
    return all(map(_public, (address, *_within(address))))


def _public(address: Address) -> bool:
    # Site-local addresses (RFC 3879: deprecated, still routed inside) count as global with Python.
    inside = isinstance(address, IPv6Address) and address.is_site_local
    return address.is_global and not (address.is_multicast or address.is_reserved or inside)


def plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 one only wraps."""
    return getattr(address, "ipv4_mapped", None) or address


def _within(address: Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that a tunnel or translator would send an IPv6 one on to."""
    if isinstance(address, IPv4Address):
        return ()
    found = (address.sixtofour, *(address.teredo or ()))
    translated = IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
    return tuple(one for one in (*found, translated) if one is not None)
