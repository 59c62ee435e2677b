"""A file that has no name until it is whole.

Where the file system offers it (`O_TMPFILE`), the bytes lie in a file without a name: a kill or a power cut before
`publish` leaves nothing behind. Elsewhere they lie under a hidden random name beside the final one.
"""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path

_UNSUPPORTED = {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT}


class NewFile:
    """An open file, mode 0600 whatever the umask, that becomes `path` in one step. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name: Path | None = None
        self.fd = self._opened()
        os.fchmod(self.fd, 0o600)

    def publish(self) -> None:
        """Flush to the disk and put in place of whatever stood at the path; two processes never mix their bytes."""
        os.fsync(self.fd)
        if self._name is None:
            name = self._random_name()
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                # With a folder's descriptor Python asks the system to follow the link, which is what this is about.
                os.link(f"/proc/self/fd/{self.fd}", name.name, dst_dir_fd=folder, follow_symlinks=True)
            finally:
                os.close(folder)
            self._name = name
        self._name.replace(self._path)
        self._name = None

    def close(self) -> None:
        """Close; what was not published is gone. Harmless when done before."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        if self._name is not None:
            with suppress(OSError):
                self._name.unlink()
            self._name = None

    def _opened(self) -> int:
        flags = os.O_RDWR | os.O_CLOEXEC
        unnamed = getattr(os, "O_TMPFILE", 0)
        if unnamed and os.path.isdir("/proc/self/fd"):  # noqa: PTH112  asked once, no Path needed
            try:
                return os.open(self._path.parent, flags | unnamed, 0o600)
            except OSError as err:
                if err.errno not in _UNSUPPORTED:
                    raise
        self._name = self._random_name()
        return os.open(self._name, flags | os.O_CREAT | os.O_EXCL, 0o600)

    def _random_name(self) -> Path:
        return self._path.with_name(f".{secrets.token_hex(8)}.tmp")
