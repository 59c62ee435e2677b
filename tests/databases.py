"""Real databases for tests: a SQLite file, and a throw-away Postgres of our own that nobody else uses."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rempart.clock import utc_now
from rempart.store.engine import Store
from rempart.store.migrate import upgrade

_SETTINGS = ("fsync=off", "full_page_writes=off", "listen_addresses=", "max_connections=200", "shared_buffers=32MB")


class Cluster:
    """A Postgres in a temporary folder, reached by its socket only. It refuses to be root: it runs as `postgres`."""

    def __init__(self, *, disk: Path | None = None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="rempart-pg-", dir=disk or _quickest()))
        self._as = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        self._made = 0
        if self._as:
            shutil.chown(self.home, "postgres", "postgres")
        self._run(
            _program("initdb"), "-D", "data", "-U", "rempart", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"
        )
        self.resume()
        self._how = "STRATEGY FILE_COPY" if self._version() >= 150_000 else ""  # before 15 there is no other
        self._sql("postgres", "CREATE DATABASE template_rempart")
        with Store.open(self.url("template_rempart")) as store:
            upgrade(store)

    def resume(self) -> None:
        """Start it, and wait until it answers."""
        settings = [part for one in _SETTINGS for part in ("-c", one)]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self._as, _program("postgres"), "-D", "data", "-k", str(self.home), *settings],
                cwd=self.home,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self._wait()

    def halt(self, number: int = signal.SIGINT) -> None:
        """Stop it: SIGINT ends every session first, SIGQUIT is as if it had died."""
        self.process.send_signal(number)
        self.process.wait(30)

    def url(self, database: str) -> str:
        return f"postgresql://rempart@/{database}?host={self.home}"

    def new_database(self) -> str:
        """The address of a fresh database with the whole schema."""
        self._made += 1
        name = f"test_{self._made}"
        self._sql("postgres", f"CREATE DATABASE {name} TEMPLATE template_rempart {self._how}")
        return self.url(name)

    def empty_database(self) -> str:
        self._made += 1
        name = f"empty_{self._made}"
        self._sql("postgres", f"CREATE DATABASE {name}")
        return self.url(name)

    def drop(self, url: str) -> None:
        name = url.partition("@/")[2].partition("?")[0]
        self._sql("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def _sql(self, database: str, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as conn:
            conn.execute(statement.encode())

    def _version(self) -> int:
        import psycopg

        with psycopg.connect(self.url("postgres")) as conn:
            return conn.info.server_version

    def _run(self, *command: str) -> None:
        done = subprocess.run([*self._as, *command], cwd=self.home, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def _wait(self) -> None:
        import psycopg

        for _ in range(300):
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                assert self.process.poll() is None, (self.home / "log").read_text()
                time.sleep(0.1)
            else:
                return
        raise AssertionError("Postgres did not start")


def _quickest() -> str:
    """Memory where there is enough of it: a database for each test is three times as quick there."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 3 << 30
    return str(memory) if roomy else "/tmp"


def _program(name: str) -> str:
    """Where a program of Postgres is: Debian keeps them off the path."""
    places = [shutil.which(name), *sorted(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), reverse=True)]
    found = next(filter(None, places), None)
    if found is None:
        pytest.fail("Postgres is not installed: run tools/ensure-postgres.sh")
    return str(found)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One Postgres for all tests of this process."""
    made = Cluster()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "rempart.db"
    with Store.open(f"sqlite:///{path}") as store:
        upgrade(store)
    return path


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database with the whole schema, on SQLite and then on Postgres."""
    if request.param == "sqlite":
        path = tmp_path / "rempart.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    url = cluster.new_database()
    yield url
    cluster.drop(url)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An open store on each kind of database."""
    with Store.open(database_url, clock=utc_now) as opened:
        yield opened


@pytest.fixture
def sqlite_store(tmp_path: Path, sqlite_template: Path) -> Iterator[Store]:
    """An open store on SQLite alone, for fast tests of what no database changes."""
    path = tmp_path / "rempart.db"
    shutil.copyfile(sqlite_template, path)
    with Store.open(f"sqlite:///{path}", clock=utc_now) as opened:
        yield opened
