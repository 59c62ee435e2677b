"""Connections and transactions on SQLite and Postgres, with one meaning of failure."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, InternalError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from rempart.clock import Clock, utc_now
from rempart.errors import RefusedError, RempartError, StorageFullError, StoreUnavailableError
from rempart.store.prepared import handed

_WRITES = "rempart_writes"
_BUSY_SECONDS = 20
_STATEMENTS_KEPT = 512  # compiled, by each connection
_SQLITE_SETTINGS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}",
    "PRAGMA temp_store=MEMORY",  # nothing of a row ever stands in a temporary file
    "PRAGMA journal_size_limit=67108864",
    # Moving pages from the log into the database is `move_log`'s work; a commit does it only where nobody else did.
    "PRAGMA wal_autocheckpoint=8192",
)
# A process that stands still in a transaction must not stop the others for long.
_POSTGRES_SETTINGS = (
    "-c idle_in_transaction_session_timeout=5s -c lock_timeout=10s -c statement_timeout=60s -c synchronous_commit=on"
)

_Identity = tuple[int, int]
"""Device and number of a file."""


class Store:
    """A database that many threads and processes use at once.

    Transactions are short: nothing that waits for a network, a file or a worker stands inside one.
    """

    def __init__(self, engine: Engine, *, clock: Clock = utc_now) -> None:
        self.engine = engine
        self.clock = clock
        self.dialect: Literal["sqlite", "postgresql"] = "sqlite" if engine.dialect.name == "sqlite" else "postgresql"
        # SQLite lets writers wait by polling; in one process a lock is fairer and quicker.
        self._writing = threading.Lock()
        # And one connection: what it has read stays true, since no other in this process writes.
        self._writer: tuple[_Identity | None, Connection] | None = None
        name = engine.url.database
        self.path = Path(name) if self.dialect == "sqlite" and name else None
        self._identity: _Identity | None = None

    @classmethod
    def open(cls, url: str, *, clock: Clock = utc_now, connections: int = 12) -> Self:
        """Open `sqlite:///path` or `postgresql://…`. Nothing is read or made yet.

        Raises RefusedError for any other address.
        """
        try:
            address = make_url(url)
        except ArgumentError as err:
            raise RefusedError(
                "The database address is not one.", hint="Write sqlite:///path or postgresql://…"
            ) from err
        kind = address.get_backend_name()
        try:
            if kind == "sqlite" and address.database:
                return cls(_sqlite(address, connections), clock=clock)
            if kind == "postgresql":
                return cls(_postgres(address, connections), clock=clock)
        except (ImportError, NoSuchModuleError) as err:
            raise RefusedError("Postgres needs its driver.", hint="Install rempart[postgres].") from err
        raise RefusedError("The database is SQLite or Postgres.", hint="Write sqlite:///path or postgresql://…")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every idle connection; those in use close when they are given back."""
        with self._writing:
            self._forget_writer()
        self.engine.dispose()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that is committed when the block ends and rolled back when it raises.

        Raises StoreUnavailableError when the database is away or too busy, StorageFullError when its disk is full.
        What the block was told was written is durable once the block has ended without an error.
        """
        with self._translated():
            if self.dialect == "postgresql":
                with self.engine.begin() as connection:
                    yield connection
                return
            if not self._writing.acquire(timeout=_BUSY_SECONDS):
                raise StoreUnavailableError("The database is busy.")
            try:
                self._check_file()
                connection = self._one_writer()
                with connection.begin():
                    yield connection
                    self._check_file()
            except BaseException:
                self._forget_writer()
                raise
            finally:
                self._writing.release()

    def _one_writer(self) -> Connection:
        if self._writer is not None and self._writer[0] != self._identity:
            self._forget_writer()  # of a file that was replaced
        if self._writer is None:
            self._writer = self._identity, self.engine.connect().execution_options(**{_WRITES: True})
        return self._writer[1]

    def _forget_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer[1].close()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading; what it sees is of one moment on SQLite, of each statement's moment on Postgres."""
        with self._translated():
            self._check_file()
            with self.engine.connect() as connection:
                yield connection

    def move_log(self) -> None:
        """Move what SQLite's log holds into the database file, beside readers and writers, which need not wait.

        Whoever writes much calls this every second or so; else commits do it themselves, a long one now and then.
        """
        if self.path is None:
            return
        with self._translated():
            self._check_file()
            connection = self.engine.raw_connection()
            try:
                connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            except sqlite3.Error as err:  # a full disk, for one; the log keeps what it holds
                raise StoreUnavailableError(f"The database's log could not be moved on now: {err}.") from err
            finally:
                connection.close()

    def _check_file(self) -> None:
        """A file that was moved away would still take writes, and they would be lost with it."""
        if self.path is None:
            return
        try:
            found = self.path.stat()
        except OSError as err:
            if self._identity is None and isinstance(err, FileNotFoundError) and self.path.parent.is_dir():
                return  # not made yet
            raise StoreUnavailableError(f"The database file is not there: {err.strerror}.") from err
        identity = (found.st_dev, found.st_ino)
        if self._identity != identity:
            if self._identity is not None:
                self.engine.dispose()
            self._identity = identity

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OperationalError, InterfaceError, InternalError) as err:
            raise _translate(err) from err
        except PoolTimeoutError as err:
            raise StoreUnavailableError("All connections to the database are in use.") from err
        except DBAPIError as err:
            if err.connection_invalidated:
                raise _translate(err) from err
            raise


def take_time(conn: Connection) -> None:
    """Lift the limits on waiting for the one transaction of `conn`: for backups, restores and migrations alone."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        conn.execute(text("SET LOCAL statement_timeout = 0"))


def _translate(err: DBAPIError) -> RempartError:
    origin = err.orig
    name = getattr(origin, "sqlite_errorname", "") or type(origin).__name__
    if name.startswith("SQLITE_FULL") or name == "DiskFull":
        return StorageFullError("The database's disk is full.", hint="Free some room; nothing was lost.")
    return StoreUnavailableError(f"The database could not be used now ({name}).")


def _sqlite(address: URL, connections: int) -> Engine:
    engine = create_engine(
        address, pool_size=connections, max_overflow=8, pool_timeout=_BUSY_SECONDS,
        connect_args={"cached_statements": _STATEMENTS_KEPT},
    )  # fmt: skip

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say, not where the driver guesses
        for setting in _SQLITE_SETTINGS:
            connection.execute(setting)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        handed(connection, "BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres(address: URL, connections: int) -> Engine:
    return create_engine(
        address.set(drivername="postgresql+psycopg"),
        pool_size=connections,
        max_overflow=8,
        pool_timeout=_BUSY_SECONDS,
        pool_pre_ping=True,
        connect_args={"options": _POSTGRES_SETTINGS, "connect_timeout": 5},
    )
