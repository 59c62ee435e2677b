"""Mistakes on French pages, as somebody meets them who sends a form."""

import re

import pytest

from deployment import deployment, text_of
from rempart.people.permissions import Role
from rempart.server.pages.texts import texts

ALL = (Role.LEAD, Role.CURATOR, Role.ADMINISTRATOR)
ENGLISH = re.compile(r"\b(the|is|not|needed|known|this|that|does|line|write)\b")


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("french")) as found:
        found.french = found.browser("zoé", *ALL, language="fr")
        yield found


def mistakes(page):
    """The items of the lists on a page that tell of mistakes, without what was typed."""
    told = re.findall(r"<li>(.*?)</li>", page.partition("<main")[2], re.DOTALL)
    return [text_of(re.sub(r"<code>.*?</code>|`[^`]*`|&#39;.*?&#39;|&#34;.*?&#34;", " ", one)) for one in told]


def test_team_settings(house):
    typed = {"version": "0", "claim_minutes": "a while", "queue-0-name": "Not Good", "countries": "GB",
             "route-0-kind": "strange", "contact-0-when": "noon", "two_person": "remove"}  # fmt: skip
    answer = house.french.post("/work", data=typed)
    assert answer.status_code == 422
    told = [one for one in mistakes(answer.text) if "il " in one or "`" in one]
    assert len(told) >= 6
    assert not [one for one in mistakes(answer.text) if ENGLISH.search(one)]


def test_policy(house):
    text = 'format = 1\nname = 3\nother = 1\n[otherwise]\nverdict = "delete"\n'
    answer = house.french.post("/policy/new", data={"text": text, "answer": "try"})
    assert answer.status_code == 422
    assert "manque dans ces règles" in text_of(answer.text)
    assert len(mistakes(answer.text)) >= 4
    assert not [one for one in mistakes(answer.text) if ENGLISH.search(one)]
    broken = text_of(house.french.post("/policy/new", data={"text": "x = ", "answer": "try"}).text)
    assert "Ce n’est pas du TOML : cette valeur ne se lit pas." in broken


def test_imports(house):
    who = house.principal("zoé")
    live = house.curation.create(name="La liste", by=who)
    rows = 'nothing\n{"hash_type": "md5", "hash_value": "12"}\n{"hash_type": "crc", "hash_value": "12"}\n'
    answer = house.french.post(f"/lists/{live.id}/import", data={"pasted": rows, "format": "jsonl"},
                               files={"file": ("", b"")}, follow_redirects=True)  # fmt: skip
    assert answer.status_code == 200, text_of(answer.text)
    told = [one for one in mistakes(answer.text) if "Ligne" in one]
    assert len(told) == 3
    assert not [one for one in told if ENGLISH.search(one)]
    none = house.french.post(f"/lists/{live.id}/import", data={"pasted": "\x01", "format": "auto"},
                             files={"file": ("", b"")})  # fmt: skip
    assert none.status_code == 422
    assert "n’est une liste d’empreintes dans aucun format connu ici" in text_of(none.text)
    assert texts("fr").sentence("the body") == "l’envoi"
