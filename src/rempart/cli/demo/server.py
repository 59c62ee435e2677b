"""The second half of the demo: a real server, checks of uploads through its API, and its ledger."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pyotp import TOTP
from rich.console import Console
from rich.table import Table

from rempart.cli.actor import sign_in
from rempart.cli.datafolder import opened_data
from rempart.cli.demo.commands import run
from rempart.cli.demo.reposts import UNRELATED
from rempart.client import Client
from rempart.clock import utc_now
from rempart.errors import RempartError
from rempart.people import persons, totp
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE
from rempart.people.records import persons as records

DATA = "service"
SECOND = "ben"
REVIEWERS = ("ana", "eve")
_SAME = "the very files that are on the list"
_STOP_SECONDS = 30


@contextmanager
def demonstrated(console: Console, home: Path, made_by: Mapping[str, str]) -> Iterator[int]:
    """A running service with the demo's list; every re-post was sent to it once. Gives how many were not allowed."""
    console.rule("The same list behind a service")
    said = run(console, home, "init", DATA, "--admin-email", "you@example.org")
    link = said.strip().splitlines()[-1]
    settings = home / DATA / "rempart.toml"
    told = settings.read_text("utf-8").replace("[notices]\n", '[notices]\nenabled = true\nservice = "forum"\n', 1)
    settings.write_text(told, "utf-8")
    key = json.loads(
        run(
            console, home, "key", "create", "upload", "--service", "forum", "--scope", "check", "--data", DATA, "--json"
        )
    )["secret"]
    _fill_list(console, home)
    with _served(console, home) as address:
        refused = _check_all(console, home / "known", home / "posts", made_by, address, key)
        _show_ledger(console, home)
        _show_notice(console, home, address)
        console.print(f"\nThe server runs at {address}. Your first sign-in, good once:\n{_moved(link, address)}")
        console.print(
            f"\nThat is the administrator, who sees no evidence; {refused} altered copies wait as cases beside the "
            "listed files, for two reviewers, neither of whom sees what the other answered:"
        )
        for name in REVIEWERS:
            console.print(f"{name}\n{_moved(_invited(console, home, name), address)}")
        yield refused


def _invited(console: Console, home: Path, name: str) -> str:
    said = run(console, home, "user", "add", name, "--role", "reviewer", "--data", DATA, "--json")
    link: str = json.loads(said)["link"]
    return link


def _fill_list(console: Console, home: Path) -> None:
    """A blocking list takes nothing that a second person has not agreed to; the demo makes one who does."""
    run(console, home, "list", "export", "known.rlist", "--format", "jsonl", "-o", "known.jsonl")
    run(console, home, "list", "create", "known", "--blocking", "--data", DATA)
    staged = json.loads(run(console, home, "list", "import", "known", "known.jsonl", "--data", DATA, "--json"))
    password, seed = secrets.token_urlsafe(18), totp.new_secret()
    with opened_data(home / DATA) as folder:
        entry = sign_in(folder)
        with folder.store.write() as conn:
            one = persons.add(
                conn, name=SECOND, roles=[Role.CURATOR], by=CONSOLE, at=utc_now(), random=secrets.token_bytes
            )
            sealed = entry.box.seal(seed, owner=one.id)
            records.change(conn, one.id, password=entry.passwords.hashed(password), totp_secret=sealed)
    run(
        console, home, "list", "approve", staged["changes"], "--as", SECOND, "--reason", "for the demo", "--data", DATA,
        told=f"{password}\n{TOTP(seed).now()}\n",
    )  # fmt: skip


@contextmanager
def _served(console: Console, home: Path) -> Iterator[str]:
    """The address of `rempart serve` on a free port of this machine alone, for the length of the block."""
    console.print(f"[bold]$ rempart serve --data {DATA} --port 0[/bold]", highlight=False)
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "rempart", "serve", "--data", DATA, "--host", "127.0.0.1", "--port", "0"],
            cwd=home,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ},
        )
    assert server.stdout is not None
    try:
        said = server.stdout.readline()
        at = said.find("http://")
        if at < 0:
            raise RempartError("The server did not start. " + (home / "server.log").read_text()[-2000:])
        yield said[at:].split()[0]
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        server.stdout.close()


def _check_all(console: Console, known: Path, posts: Path, made_by: Mapping[str, str], address: str, key: str) -> int:
    """Send the listed files and every re-post as an upload handler would, and show the verdicts by edit.

    Gives how many altered copies were held or blocked.
    """
    verdicts: dict[str, Counter[str]] = {}
    with Client(address, key) as client:
        for path in (*sorted(known.iterdir()), *sorted(posts.iterdir())):
            answer = client.check(path.read_bytes(), item_id=path.name, uploader="demo")
            verdicts.setdefault(made_by.get(path.name, _SAME), Counter())[str(answer.verdict)] += 1
    table = Table(title="What the service answered", title_justify="left")
    table.add_column("uploaded …")
    for verdict in ("block", "hold", "allow"):
        table.add_column(verdict, justify="right")
    for label in (_SAME, *dict.fromkeys(made_by.values())):
        found = verdicts.get(label, Counter())
        counts = (str(found[verdict] or "") for verdict in ("block", "hold", "allow"))
        table.add_row(label, *counts, end_section=label == UNRELATED)
    console.print(table)
    return sum(found.total() - found["allow"] for label, found in verdicts.items() if label not in (UNRELATED, _SAME))


def _show_ledger(console: Console, home: Path) -> None:
    key = run(console, home, "ledger", "key", "--data", DATA).strip().splitlines()[0]
    run(console, home, "ledger", "checkpoint", "--data", DATA)
    run(console, home, "ledger", "export", "ledger.jsonl", "--data", DATA)
    console.print(run(console, home, "ledger", "verify", "ledger.jsonl", "--key", key).strip(), highlight=False)


def _show_notice(console: Console, home: Path, address: str) -> None:
    """One notice, as somebody who telephones gives it, about one of the pictures that are on no list."""
    console.rule("Somebody in a picture asks for it to be taken down")
    told = json.loads(
        run(
            console, home, "notice", "take", "--url", "https://forum.example/posts/other-00.jpg", "--minor", "no",
            "--explanation", "I did not agree to this picture of my garden.", "--good-faith", "--data", DATA, "--json",
        )
    )  # fmt: skip
    public = _moved(f"{address}/notice", address)
    console.print(
        f"It waits in the console under Notices, due {told['due']}. The public page, where people do the same in "
        f"their browser, without an account:\n{public}\nWhat became of it, for whoever has the number "
        f"{told['number']} and the secret {told['secret']}:\n{public}/follow",
        highlight=False, soft_wrap=True,
    )  # fmt: skip


def _moved(link: str, address: str) -> str:
    """The link with the port at which the server really listens, on a name for which browsers accept passkeys."""
    return address.replace("//127.0.0.1:", "//localhost:") + "/" + link.split("/", 3)[3]
