"""The file with the ledger's signing key: one line, the name in it, readable for its owner only."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from rempart.errors import IncompleteError, RefusedError
from rempart.evidence.ledger.notes import Signer

FILE = "ledger.key"


def create_signer(path: Path, *, name: str) -> Signer:
    """Make a key and write it to a file that is not there yet. Raises RefusedError for a bad name or a file that is."""
    signer = Signer.generate(name)
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as err:
        raise RefusedError(f"{path} is there already.", hint="Use `rempart ledger rotate` to change the key.") from err
    with os.fdopen(opened, "w") as stream:
        stream.write(signer.private_line() + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    return signer


def open_signer(path: Path) -> Signer:
    """The key of a file. Raises IncompleteError when there is none, RefusedError when others may read it."""
    try:
        with path.open("rb") as stream:
            if stat.S_IMODE(os.fstat(stream.fileno()).st_mode) & 0o077:
                raise RefusedError(f"{path} can be read by others.", hint=f"chmod 600 {path}")
            return Signer.parse(stream.read(4096).decode("ascii"))
    except FileNotFoundError as err:
        raise IncompleteError(f"There is no ledger key at {path}.", hint="Bring it back, or make one anew.") from err
    except UnicodeDecodeError as err:
        raise RefusedError(f"{path} is no ledger key.") from err


def rotate_signer(path: Path) -> Signer:
    """Put a new key of the same name in the place of the old one, which is deleted: its public half stays published.

    Checkpoints that the old key signed stay valid for whoever keeps its verifier key.
    """
    old = open_signer(path)
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    signer = create_signer(beside, name=old.key.name)
    beside.replace(path)
    return signer
