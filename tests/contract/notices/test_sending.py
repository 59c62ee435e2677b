"""Sending a notice is done once, however often and however closely together its button is pressed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select

from actors import NOON
from noticing import HOME, REGIMES, a_writer, form, hashes, read
from rempart.errors import RefusedError
from rempart.evidence.ledger.records import leaves
from rempart.intake.notices.records.notices import notices
from rempart.intake.notices.sending import AGAIN, Sending

ONCE = "0" * 31 + "7"
TEXT = f"role: self\nwhere: https://forum.example/photos/17\nonce: {ONCE}"


@pytest.fixture
def sending(store):
    return Sending(store=store, writer=a_writer(), service="forum", regimes=REGIMES)


def press(sending, told=None, *, text=TEXT, once=ONCE, at=NOON):
    return sending.send(told or form(signals=hashes(sha256=b"d" * 32)), text=text, once=once, address=HOME, at=at)


def count(store, table=notices):
    with store.read() as conn:
        return conn.execute(select(func.count()).select_from(table)).scalar_one()


def test_the_same_sent_again_is_the_notice_that_is_there(sending, store):
    first = press(sending)
    written = count(store, leaves)
    again = press(sending, at=NOON + AGAIN - timedelta(seconds=1))
    assert (again.number, again.secret, again.due) == (first.number, first.secret, first.due)
    assert (again.notice, [one.applies for one in again.regimes]) == (
        first.notice, [one.applies for one in first.regimes],
    )  # fmt: skip
    assert count(store) == 1
    assert count(store, leaves) == written
    assert read(store, again, writer=sending.writer).number == first.number


def test_after_a_while_the_secret_is_not_shown_again(sending, store):
    first = press(sending)
    late = press(sending, at=NOON + AGAIN)
    assert (late.number, late.secret) == (first.number, "")
    assert count(store) == 1


def test_another_text_or_another_mark_or_none_is_another_notice(sending, store):
    numbers = {
        press(sending).number, press(sending, text=TEXT + " ").number, press(sending, text=TEXT, once="").number,
        press(sending, text=TEXT, once="").number, press(sending, text=TEXT.replace("7", "8")).number,
    }  # fmt: skip
    assert len(numbers) == count(store) == 5


def test_nobody_without_the_service_key_can_tell_the_secret(store, sending):
    other = Sending(store=store, writer=a_writer(), service="forum", regimes=REGIMES)
    assert press(sending).secret != press(other).secret
    assert count(store) == 2


def test_pressed_many_times_at_once_it_is_one_notice(sending, store):
    ready = Barrier(6)

    def one(_):
        ready.wait()
        return press(sending)

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(one, range(6)))
    assert len({(each.number, each.secret) for each in found}) == 1
    assert count(store) == 1


def test_what_is_refused_can_be_put_right_and_sent(sending, store):
    with pytest.raises(RefusedError):
        press(sending, form(signals="made up"))
    assert count(store) == 0
    assert press(sending).secret
