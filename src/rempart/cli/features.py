"""A folder of features, one file for each picture by its SHA-256, so that none is looked at twice."""

from __future__ import annotations

import os
from pathlib import Path

from rempart.errors import CorruptFileError, ForeignFileError
from rempart.provenance.derivation.making import Made
from rempart.provenance.derivation.sheetfile import MOST_BYTES, read_sheet, write_sheet
from rempart.provenance.derivation.sheets import Sheet
from rempart.scan.results.replace import replacing, storage_error


class Features:
    """Features that are kept in a folder, made where it is missing (mode 0700); with None, nowhere."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        if folder is not None:
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as err:
                raise storage_error(os.fspath(folder), err) from err

    def kept(self, sha256: bytes) -> Sheet | None:
        """The sheet of the picture with this digest; None where it must be made (anew)."""
        if self._folder is None:
            return None
        try:
            with self._path(self._folder, sha256).open("rb") as stream:
                return read_sheet(stream.read(MOST_BYTES + 1), of=sha256)
        except (OSError, ForeignFileError, CorruptFileError):
            return None

    def keep(self, made: Made) -> None:
        """Keep a sheet that was made. Raises StorageFullError or RefusedError."""
        if self._folder is None or made.sheet is None:
            return
        with replacing(os.fspath(self._path(self._folder, made.sha256))) as stream:
            stream.write(write_sheet(made.sheet, of=made.sha256))

    def _path(self, folder: Path, sha256: bytes) -> Path:
        return folder / f"{sha256.hex()}.features"
