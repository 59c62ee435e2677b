"""The way of a notice without scripts: every step, mistakes, going back, hostile input, sending twice."""

import re
from random import randrange

import httpx
import pytest
from sqlalchemy import func, select

from deployment import deployment
from noticewalk import Page, Walker, opened
from rempart.intake.notices.records.locations import notice_locations
from rempart.intake.notices.records.notices import notice_sealed, notices
from rempart.intake.notices.records.signals import notice_signals
from rempart.people.permissions import Role
from rempart.server.access_limits import networks

URL = "https://forum.example/photos/17"
HASH = "recipe srgb8-full-v1\nsha256 " + "ab" * 32 + "\n" + "c3" * 32 + " 100"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("notices")) as found:
        object.__setattr__(found.runtime.access, "trusted", networks(["127.0.0.0/8"]))
        opened(found)
        yield found


@pytest.fixture
def client(house):
    place = f"198.51.{randrange(256)}.{randrange(256)}"  # whoever sends many is slowed
    headers = {"sec-fetch-site": "same-origin", "accept": "text/html", "x-forwarded-for": place}
    with httpx.Client(base_url=house.address, headers=headers, timeout=60) as found:
        yield found


@pytest.fixture
def walker(client):
    return Walker(client)


def rows(house):
    with house.store.read() as conn:
        return conn.execute(select(func.count()).select_from(notices)).scalar_one()


def row_of(house, number):
    with house.store.read() as conn:
        found = conn.execute(select(notices).where(notices.c.number == number)).one()
        places = conn.execute(select(notice_locations).where(notice_locations.c.notice == found.id)).all()
        sealed = {one.name for one in conn.execute(select(notice_sealed).where(notice_sealed.c.notice == found.id))}
        signals = conn.execute(select(notice_signals).where(notice_signals.c.notice == found.id)).all()
    return found, places, sealed, signals


def secrets_of(page):
    return re.findall(r'<code class="secret" translate="no">([^<]+)</code>', page.answer.text)


def test_the_whole_way_ends_with_a_number_and_a_secret_that_show_the_case(house, walker):
    walker.review(
        where=f"{URL}\nexample.org/x", note="the second", explanation="I did not agree.\n\nNever.", synthetic="no",
        intimate="yes", good_faith="yes", accurate="yes", name="Ada", contact="ada@mail.example", signature="Ada",
        signals=HASH,
    )  # fmt: skip
    page = walker.send()
    number, secret = secrets_of(page)
    row, places, sealed, signals = row_of(house, number)
    assert (row.role, row.track, row.language, row.state) == ("self", "adult", "en", "open")
    assert [one.url for one in places] == [URL, "https://example.org/x"]
    assert sealed >= {"name", "contact", "signature", "explanation"}
    assert len(signals) == 2
    assert set(row.declared) >= {
        "location",
        "explanation",
        "good_faith",
        "accurate",
        "intimate",
        "signature",
        "contact",
    }
    case = Page(walker.post("/notice/follow", {"number": number.lower(), "secret": f" {secret.lower()} "}))
    assert case.status == 200
    assert URL in case.text
    assert "A person is going to look at it" in case.text


def test_the_shown_text_is_all_that_is_sent(walker):
    page = walker.review(where=URL, explanation="Ä <b> & ü", contact="a@b.example")
    sending = Page(page.answer, only="/notice/send")
    assert set(sending.fields) == {"notice"}
    assert sending.buttons == []
    assert walker.shown.split("\n")[:-1] == [
        "language: en", "role: self", "minor: no", f"where: {URL}", "explanation: Ä <b> & ü", "contact: a@b.example",
    ]  # fmt: skip


@pytest.mark.parametrize("minor", ["yes", "unsure"])
def test_for_a_child_the_place_is_enough_and_nothing_else_is_kept(house, walker, minor):
    walker.go(role="self")
    page = walker.go(minor=minor)
    assert walker.step == "where"
    assert "Take It Down" in page.text
    assert "no name, no proof, no copy" in page.text
    forged = walker.go(where=URL, explanation="x", name="Ada", contact="a@b.example", signals=HASH, signature="Ada")
    assert walker.step == "review"
    assert "Ada" not in forged.answer.text
    text = walker.shown + "\nname: Ada\ncontact: a@b.example\nexplanation: x\nsignals: " + HASH.replace("\n", "\n  ")
    number, _ = secrets_of(Page(walker.post("/notice/send", {"notice": text})))
    row, places, sealed, signals = row_of(house, number)
    assert (row.track, row.minor, row.role, row.sender) == ("child", minor, None, None)
    assert [one.url for one in places] == [URL]
    assert sealed == set()
    assert signals == []


def test_a_bystander_gives_a_link_and_stays_unknown(house, walker):
    page = walker.go(role="bystander")
    assert walker.step == "where"
    assert "do not download it, do not take a screenshot" in page.text
    walker.go(where=URL)
    assert walker.step == "review"
    row, _, sealed, _ = row_of(house, secrets_of(walker.send())[0])
    assert (row.role, row.track) == ("bystander", "adult")
    assert sealed == set()


def test_a_bystander_may_say_that_somebody_seems_under_18(house, walker):
    walker.go(role="bystander")
    walker.go(where=URL, minor="unsure", insider="yes")
    row, *_ = row_of(house, secrets_of(walker.send())[0])
    assert row.track == "child"
    assert row.insider


def test_a_mistake_gives_the_step_again_with_what_was_typed(walker):
    assert walker.go().status == 422
    assert "Choose the line" in walker.page.text
    walker.go(role="parent")
    assert walker.go().status == 422
    walker.go(minor="no")
    page = walker.go(where="the second picture", note="by <kite>")
    assert (page.status, walker.step) == (422, "where")
    assert page.fields["where"].strip() == "the second picture"
    assert page.fields["note"] == "by <kite>"
    assert "does not look like the address" in page.text
    walker.go(where=URL)
    assert walker.go(signals="made up").status == 422
    walker.go(signals="")
    assert walker.go(explanation="é" * 2_001).status == 422
    assert walker.page.fields["explanation"].strip() == "é" * 2_001


def test_back_and_change_lose_nothing(walker):
    walker.review(where=URL, explanation="One.\n  Two.", contact="a@b.example", insider="yes")
    shown = walker.shown
    for step in ("you", "words", "copy", "where", "age", "who"):
        walker.go("back")
        assert walker.step == step
    for _ in range(6):
        walker.go()
    assert walker.shown == shown
    walker.go("to-where")
    assert walker.page.fields["where"].strip() == URL
    walker.go(where=f"{URL}/2", going="to-review")
    assert f"where: {URL}/2" in walker.shown


def test_the_language_changes_at_any_step_and_nothing_typed_is_lost(walker):
    walker.go(role="self")
    walker.go(minor="no")
    page = walker.go("lang-fr", where="half an addr")
    assert page.status == 200
    assert 'lang="fr"' in page.answer.text
    assert page.fields["where"].strip() == "half an addr"
    walker.go(where=URL)
    assert "language: fr" in walker.page.fields["so_far"]


def test_the_same_sent_twice_is_one_notice_with_the_same_number(house, walker):
    walker.review(where=URL)
    before = rows(house)
    text = walker.shown
    first = secrets_of(Page(walker.post("/notice/send", {"notice": text})))
    second = secrets_of(Page(walker.post("/notice/send", {"notice": text})))
    assert first == second
    assert len(first) == 2
    assert rows(house) == before + 1
    house.clock.forward(minutes=11)
    late = Page(walker.post("/notice/send", {"notice": text}))
    assert secrets_of(late) == []
    assert "This was sent before" in late.text
    assert rows(house) == before + 1
    other = secrets_of(Page(walker.post("/notice/send", {"notice": text.replace("/17", "/18")})))
    assert other[0] != first[0]


def test_nothing_is_kept_before_it_is_sent(house, walker):
    before = rows(house)
    walker.review(where=URL, explanation="x")
    assert rows(house) == before


@pytest.mark.parametrize(
    "text",
    [
        "", "role: self", "language: fr\nrole: self\nminor: no", "role: self\nminor: no\nwhere: javascript:alert(1)",
        "role: nobody\nminor: no\nwhere: https://forum.example/", "\0\0", "role: self\n" * 400,
        "<script>alert(1)</script>",
        "role: self\nminor: no\nwhere: https://forum.example/\nsignals: made up",
        "role: self\nminor: no\nwhere: " + "\n  ".join(f"https://forum.example/{n}" for n in range(30)),
    ],
)  # fmt: skip
def test_what_was_never_shown_is_not_taken_in(house, client, text):
    before = rows(house)
    answer = client.post("/notice/send", files={"notice": (None, text)})
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    assert rows(house) == before


HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>\0\x1b[31m\u202eabc {{7*7}} ]]>'


def test_hostile_input_is_text_everywhere(house, walker):
    where = "https://forum.example/a?q=%22><script>alert(1)</script>\u202e\nhttps://xn--bcher-kva.example/ü"
    walker.review(where=where, explanation=HOSTILE, name=HOSTILE[:60], contact=HOSTILE[:60], signature="x")
    for page in (walker.page, walker.send()):
        assert page.status == 200
        assert "<script>alert" not in page.answer.text
        assert "<img src=x" not in page.answer.text
        assert "\0" not in page.answer.text
    number, secret = secrets_of(walker.page)
    _, places, *_ = row_of(house, number)
    assert all(one.url.isprintable() for one in places)
    case = Page(walker.post("/notice/follow", {"number": number, "secret": secret}))
    assert "<script>alert" not in case.answer.text
    assert "\u202e" not in case.answer.text


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://пример.испытание/фото/1", "https://пример.испытание/фото/1"),
        ("例え.テスト/画像", "https://例え.テスト/画像"),
        ("https://مثال.إختبار/صورة", "https://مثال.إختبار/صورة"),
    ],
)
def test_addresses_in_any_script_arrive_as_they_were_given(house, walker, url, kept):
    walker.review(role="bystander", where=url)
    _, places, *_ = row_of(house, secrets_of(walker.send())[0])
    assert [one.url for one in places] == [kept]


def test_half_a_character_and_broken_encodings_are_no_fault(client, house):
    before = rows(house)
    for body in (b"so_far=%ED%A0%80&step=who&go=next", b"so_far=%FF%FE&step=%00&go=%80", b"&&&=;=%", b"a" * 4_000):
        answer = client.post("/notice", content=body, headers={"content-type": "application/x-www-form-urlencoded"})
        assert answer.status_code in (200, 422), body
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x", "text/plain", "application/json", ""):
        answer = client.post("/notice", content=b"--y\r\n\r\nx", headers={"content-type": kind})
        assert answer.status_code in (200, 422), kind
        assert 'name="robots"' not in answer.text
    assert rows(house) == before


def test_a_body_of_more_than_16_kb_is_refused_and_one_of_less_is_read(client, house):
    before = rows(house)
    for path in ("/notice", "/notice/send", "/notice/follow"):
        assert client.post(path, files={"notice": (None, "x" * (16 << 10))}).status_code == 413
        kind = {"content-type": "multipart/form-data; boundary=y"}
        first = b'--y\r\nContent-Disposition: form-data; name="notice"\r\n\r\n'
        pieces = client.post(path, content=iter([first + b"x" * 9_000, b"x" * 9_000]), headers=kind)
        assert pieces.status_code == 413
    assert client.post("/notice", files={"so_far": (None, "x" * 15_000)}).status_code == 422
    assert rows(house) == before


def test_the_longest_that_each_answer_may_be_is_sent_whole(house, walker):
    where = "\n".join(f"https://forum.example/{n}/" + "a" * 350 for n in range(10))
    walker.review(where=where, explanation="字" * 2_000, name="字" * 100, contact="c" * 300, signature="字" * 100)
    assert len(walker.shown.encode()) < 15_000
    _, places, *_ = row_of(house, secrets_of(walker.send())[0])
    assert len(places) == 10


def test_what_is_too_much_together_is_said_in_words_and_not_cut(walker):
    walker.go(role="self")
    walker.go(minor="no")
    where = "https://пример.испытание/" + "ф" * 3_900
    page = walker.go(where=where)
    assert (page.status, walker.step) == (422, "where")
    assert "bytes" in page.text
    assert page.fields["where"].strip() == where


def test_the_frames_of_a_long_video_give_way_to_words_and_everything_is_sent(house, walker):
    where = "\n".join(f"https://forum.example/{n}/" + "a" * 370 for n in range(10))
    frames = "\n".join(f"{n:064x} 100" for n in range(200))
    signals = f"recipe srgb8-full-v1\nsha256 {'0' * 64}\n{frames}"
    walker.go(role="self")
    walker.go(minor="no")
    page = walker.go(where=where)
    fits = int(re.search(r'data-room="(\d+)"', page.answer.text)[1]) // 74
    assert fits > 60
    walker.go(signals="\n".join(signals.split("\n")[: fits + 2]))
    longest = int(re.search(r'maxlength="(\d+)"', walker.page.answer.text)[1])
    walker.go(explanation="字" * min(longest, 2_000))
    walker.go(name="字" * 200, contact="字" * 300, signature="字" * 200)
    assert walker.step == "review"
    *_, signals = row_of(house, secrets_of(walker.send())[0])
    assert len(signals) > 20


def test_a_name_and_a_signature_are_asked_for_only_where_a_law_asks(client, house):
    fields = {(): {"contact"}, ("uk-osa",): {"contact"}, ("eu-dsa",): {"contact", "name"},
              ("us-tida",): {"contact", "signature"}}  # fmt: skip
    try:
        for regimes, asked in fields.items():
            opened(house, regimes=regimes)
            walker = Walker(client)
            walker.review()
            assert walker.go("to-you").fields.keys() & {"contact", "name", "signature"} == asked, regimes
    finally:
        opened(house)


def test_the_laws_that_do_not_apply_are_named_before_sending_with_what_is_missing(client, house):
    opened(house, regimes=("us-tida", "eu-dsa"))
    try:
        walker = Walker(client)
        page = walker.review(where=URL)
        assert (
            "TAKE IT DOWN Act: does not apply, because this is missing: a signature, the sentence on good faith"
            in page.text
        )
        walker.go("to-you")
        assert "Without it, the time limit of that law does not start. Ours starts all the same." in walker.page.text
        walker.go(signature="Ada", contact="a@b.example")
        walker.go("to-words")
        walker.go(good_faith="yes", going="to-review")
        assert "TAKE IT DOWN Act: applies too" in walker.page.text
        assert "sent" in walker.send().text
    finally:
        opened(house)


def test_who_is_signed_in_makes_no_difference_and_no_cookie_is_set(house, client):
    staff = house.browser("rita", Role.REVIEWER, language="fr")
    for browser in (client, staff):
        for path in ("/notice", "/notice?lang=fr", "/notice/follow", "/notice/3467-9CDF", "/notice/a/b", "/notice/%00"):
            answer = browser.get(path)
            assert "set-cookie" not in answer.headers
            assert "rita" not in answer.text
    plain = client.get("/notice", headers={"accept-language": "en"}).text
    known = staff.get("/notice", headers={"accept-language": "en"}).text
    assert re.sub(r"once: \w+", "", plain) == re.sub(r"once: \w+", "", known)
    with_lang = client.get("/notice", headers={"accept-language": "en", "cookie": "rempart_lang=fr"}).text
    assert '<html lang="en">' in with_lang


@pytest.mark.parametrize("sending", [False, True], ids=["at a step", "when sending"])
def test_who_asks_too_often_is_told_for_how_long_and_loses_nothing(house, walker, sending):
    access = house.runtime.access
    usual = access.address_per_minute
    walker.review(where=URL, explanation="Mine.")
    text = walker.shown
    object.__setattr__(access, "address_per_minute", 6)
    try:
        for _ in range(4):
            if sending:
                page = walker.page = Page(walker.post("/notice/send", {"notice": text}), only="/notice")
            else:
                page = walker.go("back")
            if page.status == 429:
                break
        assert page.status == 429
        assert int(page.answer.headers["retry-after"]) >= 1
        assert re.search(r"Wait \d+ seconds?, then try again. Nothing is lost.", page.text)
    finally:
        object.__setattr__(access, "address_per_minute", usual)
    walker.go("to-review")
    assert (walker.step, walker.shown) == ("review", text)


def test_the_page_is_not_there_until_the_operator_opens_it(house, client):
    opened(house, enabled=False)
    try:
        for path in ("/notice", "/notice/follow", "/notice/3467-9CDF"):
            assert client.get(path).status_code == 404
            assert client.post(path, files={"number": (None, "1"), "secret": (None, "2")}).status_code in (404, 405)
    finally:
        opened(house)
