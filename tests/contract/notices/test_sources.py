"""What a statement of reasons says after a notice: that there was one, never whose; of a child not even that."""

import json

import pytest

from judging import NO, REMOVE
from noticing import NoticeDesk, form
from reasoning import checked, feed, follow, maker
from rempart.intake.notices.sources import told_of
from rempart.intake.notices.values import Answer, Role

TELLING = ("Ada", "Byron", "ada@mail.example", "balcony", "notice_", "case_")


@pytest.fixture
def desk(store):
    return NoticeDesk(store)


def told(desk, notice, decision=REMOVE, **more):
    desk.clock.go_on(minutes=5)
    desk.decide(notice, decision, **more)
    follow(desk.store, maker(noticed=told_of))
    return feed(desk.store)


def test_the_uploader_learns_that_there_was_a_notice_and_not_whose(desk):
    (one,) = told(desk, desk.take(), category=None)
    assert one["source"] == "notice"
    assert one["automated"] == {"detection": False, "decision": "none"}
    assert "2024/1385" in one["ground"]["reference"]["fr"]
    assert "Who that was is not told." in one["text"]["en"]
    assert [word for word in TELLING if word in json.dumps(one)] == []


def test_a_trusted_flaggers_notice_is_told_as_one(desk):
    (one,) = told(desk, desk.take(form(role=Role.FLAGGER)), category=None)
    assert one["source"] == "trusted_flagger"


@pytest.mark.parametrize("minor", [Answer.YES, Answer.UNSURE])
def test_where_the_person_may_have_been_a_child_nothing_of_a_notice_is_told(desk, minor):
    (one,) = told(desk, desk.take(form(minor=minor)), category=None)
    assert one["source"] is None
    assert one["automated"] == {"detection": None, "decision": "people"}
    assert "notice" not in one["text"]["en"]
    assert "minors" in one["ground"]["reference"]["en"]


def test_a_copy_elsewhere_that_the_service_found_was_named_by_nobody(desk):
    url, digest = "https://forum.example/photos/17", b"s" * 32
    with desk.store.write() as conn:
        checked(conn, 1, "allow", at=desk.clock(), sha256=digest, url=url)
        checked(conn, 2, "allow", at=desk.clock(), sha256=digest)
    found = {one["item_id"]: one for one in told(desk, desk.take(form(url)), category=None)}
    assert found["photo-1"]["source"] == "notice"
    assert found["photo-2"]["source"] == "own_initiative"


def test_a_notice_that_is_not_followed_has_no_statement(desk):
    assert told(desk, desk.take(), NO) == []
