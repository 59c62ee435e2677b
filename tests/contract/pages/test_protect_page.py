"""The page where anybody may have a photo protected, without scripts and with no account."""

import re

import httpx
import pytest

from deployment import deployment
from noticewalk import opened
from rempart.intake.generator.records import protected as records
from rempart.server.access_limits import networks
from rempart.settings import GateSettings

TEXT = f"recipe srgb8-full-v1\nsha256 {'ab' * 32}\n{'0f' * 32} 97\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("protect")) as found:
        opened(found)
        object.__setattr__(found.runtime.access, "trusted", networks(["127.0.0.0/8"]))
        yield found


@pytest.fixture
def on(house):
    settings = house.runtime.service.settings
    object.__setattr__(settings, "gate", GateSettings(public_requests=True))
    yield house
    object.__setattr__(settings, "gate", GateSettings())


_count = iter(range(1, 250))


def asked(house, method="GET", lang="en", **fields) -> httpx.Response:
    headers = {"accept": "text/html", "x-forwarded-for": f"192.0.2.{next(_count)}"}
    files = {name: (None, value) for name, value in ({"language": lang} | fields).items()}
    with httpx.Client(base_url=house.address, timeout=60, headers=headers) as client:
        return client.request(method, f"/notice/protect?lang={lang}", files=files if method == "POST" else None)


def live(house) -> int:
    with house.store.read() as conn:
        return records.count(conn)


def test_the_page_is_there_only_where_it_was_switched_on(house):
    assert asked(house).status_code == 404
    assert asked(house, "POST", signals=TEXT, go="protect").status_code == 404
    assert live(house) == 0


def test_a_photo_is_protected_and_taken_back_by_what_was_written_down(on):
    made = asked(on, "POST", signals=TEXT, go="protect")
    assert made.status_code == 200
    name = re.search(r"protected_\w+", made.text).group()
    assert live(on) == 1
    with on.store.read() as conn:
        photo = records.find(conn, name)
    assert (photo.service, photo.reference) == (None, None)
    wrong = asked(on, "POST", photo=f"{name}0", go="back")
    assert (wrong.status_code, live(on)) == (422, 1)
    assert asked(on, "POST", photo=f" {name} ", go="back").status_code == 200
    assert live(on) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Il n’y a pas d’empreinte dedans."), ("hello", "Le texte de l’empreinte ne convient pas."),
        (f"recipe srgb8-full-v1\n{'0f' * 32} 97\n{'3c' * 32} 97\n", "Ce sont les empreintes d’une vidéo."),
        (f"recipe srgb8-full-v1\n{'0f' * 32} 20\n", "en disent trop peu"),
    ],
)  # fmt: skip
def test_what_cannot_be_protected_is_said_in_the_persons_language_and_nothing_typed_is_lost(on, text, said):
    answer = asked(on, "POST", lang="fr", signals=text, go="protect")
    assert answer.status_code == 422
    assert said in answer.text.replace("\u00a0", " ").replace("\u202f", " ")
    assert text.strip() in answer.text
    assert live(on) == 0


def test_the_language_is_changed_without_losing_the_text(on):
    answer = asked(on, "POST", signals=TEXT, go="lang-fr")
    assert (answer.status_code, live(on)) == (200, 0)
    assert 'lang="fr"' in answer.text
    assert "ab" * 32 in answer.text


def test_nobody_takes_back_here_what_a_service_or_an_operator_asked_for(on):
    from rempart.clock import utc_now
    from rempart.intake.generator.protection import protect
    from rempart.lists.entry import EntrySignal
    from rempart.people.principal import CONSOLE
    from rempart.signals.values import Sha256

    photo = protect(on.store, [EntrySignal(signal=Sha256(bytes(32)))], by=CONSOLE, at=utc_now())
    assert asked(on, "POST", photo=photo.id, go="back").status_code == 422


def test_one_address_asks_a_few_times_a_minute(on):
    headers = {"accept": "text/html", "x-forwarded-for": "198.51.100.7"}
    files = {"language": (None, "en"), "go": (None, "protect"), "signals": (None, "hello")}
    with httpx.Client(base_url=on.address, timeout=60, headers=headers) as client:
        told = [client.post("/notice/protect", files=files).status_code for _ in range(8)]
    assert told[:3] == [422] * 3
    assert told[-1] == 429
