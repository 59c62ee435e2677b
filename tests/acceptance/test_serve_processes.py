"""A real server that is stopped, or not fit to be started."""

import threading
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from pictures import jpeg
from receivers import wait_until
from rempart.items.records.checks import checks
from rempart.settings import Settings
from rempart.signals.digests import digest_bytes
from rempart.store.engine import Store
from serving import ALL_SCOPES, Server, add_list, assert_ledger_verifies, make_data, make_key, serving

IMAGE = {"Content-Type": "image/jpeg"}
PHOTOS = [jpeg(n, 96, 96) for n in range(5)]


class Client(threading.Thread):
    """Asks one check after another, by bytes and by signals, and notes each answer that it got."""

    def __init__(self, url: str, key: str, name: str) -> None:
        super().__init__(daemon=True)
        self.url, self.key, self.prefix = url, key, name
        self.acknowledged: dict[str, str] = {}
        self.refused: list[int] = []
        self.stopping = threading.Event()

    def run(self) -> None:
        with httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=60) as client:
            for n in range(100_000):
                if self.stopping.is_set():
                    return
                try:
                    self._ask(client, n)
                except httpx.HTTPError:
                    return

    def _ask(self, client: httpx.Client, n: int) -> None:
        name = f"{self.prefix}-{n}"
        if n % 4 == 0:
            answer = client.post("/v1/check", params={"item_id": name}, content=PHOTOS[n % 5], headers=IMAGE)
        else:
            answer = client.post("/v1/check", json={"item_id": name, "signals": {"sha256": f"{n:064x}"}})
        if answer.status_code == 200:
            self.acknowledged[answer.json()["request_id"]] = answer.json()["verdict"]
        else:
            self.refused.append(answer.status_code)


def deployment(folder: Path, *, database: str = "") -> tuple[Settings, str]:
    settings = make_data(folder / "data", database=database)
    with Store.open(settings.database_url) as store:
        add_list(store, "known", [digest_bytes(PHOTOS[0]).sha256])
        return settings, make_key(store, *ALL_SCOPES)


def verdicts(settings: Settings) -> dict[str, str]:
    with Store.open(settings.database_url) as store, store.read() as conn:
        return {row.request: row.verdict for row in conn.execute(select(checks.c.request, checks.c.verdict))}


@pytest.mark.parametrize("processes", [1, 2])
def test_a_stop_answers_what_was_begun_and_ends_well(tmp_path: Path, processes: int):
    settings, key = deployment(tmp_path)
    with serving(settings, "--workers", str(processes)) as server:
        clients = [Client(server.url, key, f"c{place}") for place in range(6)]
        for client in clients:
            client.start()
        wait_until(lambda: all(len(client.acknowledged) > 5 for client in clients), 60)
        assert server.stop() == 0
    for client in clients:
        client.join(60)
        assert set(client.refused) <= {503}
    assert {name: v for client in clients for name, v in client.acknowledged.items()} == verdicts(settings)
    assert_ledger_verifies(settings)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda data: data.chmod(0o755), "Others may look into"),
        (lambda data: _append(data, "\n[serve]\nport = 1\n"), "no setting serve"),
        (lambda data: _append(data, '\n[check]\nprobe_set = "most"\n'), "probe set"),
    ],
)
def test_a_deployment_that_is_not_safe_or_not_understood_does_not_start(tmp_path: Path, change, told):
    settings, _ = deployment(tmp_path)
    change(settings.data)
    with pytest.raises(AssertionError, match=told):
        Server(settings)


def test_keys_are_not_sent_in_the_clear_over_a_network(tmp_path: Path):
    settings, _ = deployment(tmp_path)
    with pytest.raises(AssertionError, match="unencrypted"):
        Server(settings, "--host", "0.0.0.0")


def _append(data: Path, text: str) -> None:
    toml = data / "rempart.toml"
    toml.write_text(toml.read_text() + text)
