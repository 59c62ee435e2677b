"""What makes things one case: the same bytes, or the same account."""

from __future__ import annotations

from hashlib import sha256 as _sha256


def cluster_of(item: int, sha256: bytes | None) -> bytes:
    """What items of one case share: their bytes' SHA-256; where that is not known, nothing but the item itself."""
    return sha256 if sha256 is not None else b"item:%d" % item


def account_cluster(service: str, uploader: str) -> bytes:
    """What account cases share: the account, as its service calls it."""
    return b"account:" + _sha256(f"{service}\x00{uploader}".encode("utf-8", "surrogatepass")).digest()
