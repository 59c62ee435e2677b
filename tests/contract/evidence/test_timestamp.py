"""Time stamps of checkpoints by an authority that the operator names."""

from datetime import timedelta

import pytest

import authorities
from ledgers import Log
from rempart.clock import utc_now
from rempart.errors import LedgerChangedError, LedgerIncompleteError, RefusedError, TimestampUnavailableError
from rempart.evidence.ledger.timestamp import check_stamp, stamp_latest, stamp_when_due
from rempart.evidence.ledger.verify import verify
from rempart.server.timestamp import Authority

THEIRS = authorities.Authority()


@pytest.fixture
def log(tmp_path):
    made = Log(tmp_path / "log")
    made.grow(3)
    yield made
    made.close()


@pytest.fixture
def exported(log, tmp_path):
    """Export and verify with certificates."""

    def check(*certificates, outsider=False):
        path = tmp_path / "export.jsonl"
        path.write_bytes(log.export(outsider=outsider))
        return verify(path, keys=[log.key], authorities=certificates).stamp

    return check


def test_a_checkpoint_is_stamped_once_and_the_export_carries_it(log, exported):
    asked = []

    def answer(request):
        asked.append(request)
        return THEIRS.answer(request)

    with authorities.serving(answer) as url:
        assert stamp_latest(log.store, Authority(url), authorities=[THEIRS.pem]) == 3
        assert stamp_latest(log.store, Authority(url)) is None
    assert len(asked) == 1
    stamp = exported(THEIRS.pem)
    assert stamp.trusted
    assert abs(stamp.time - utc_now()) < timedelta(minutes=1)
    assert not exported().trusted
    assert exported(outsider=True) is None
    log.grow(1)
    assert exported() is None


def test_only_a_digest_leaves_the_machine(log):
    asked = []
    with authorities.serving(lambda request: asked.append(request) or THEIRS.answer(request)) as url:
        stamp_latest(log.store, Authority(url))
    assert len(asked[0]) < 100
    assert log.key.name.encode() not in asked[0]


def test_a_stamp_of_an_authority_that_was_not_named_is_refused(log, exported):
    other = authorities.Authority("Another")
    with pytest.raises(LedgerChangedError, match="not of the given authority"):
        stamp_latest(log.store, other.answer, authorities=[THEIRS.pem])
    stamp_latest(log.store, other.answer)
    with pytest.raises(LedgerChangedError, match="not of the given authority"):
        exported(THEIRS.pem)
    assert exported(THEIRS.pem, other.pem).trusted
    with pytest.raises(RefusedError, match="PEM"):
        exported(b"no certificate")


def test_an_answer_to_another_question_is_refused(log):
    asked = []
    with pytest.raises(LedgerChangedError, match="cannot be read"):
        stamp_latest(log.store, lambda request: asked.append(request) or b"")
    first = asked[0]
    with pytest.raises(LedgerChangedError, match="another request"):
        stamp_latest(log.store, lambda _: THEIRS.answer(first))
    log.grow(1)
    with pytest.raises(LedgerChangedError, match="another checkpoint"):
        stamp_latest(log.store, lambda _: THEIRS.answer(first))


def test_an_altered_stamp_is_refused_or_says_the_same(log):
    note, asked = log.sequencer.checkpoint().note.encode(), []
    stamp_latest(log.store, lambda request: asked.append(request) or THEIRS.answer(request))
    response = THEIRS.answer(asked[0])
    stamp, refused = check_stamp(response, note, [THEIRS.pem]), 0
    for place in range(len(response)):
        broken = response[:place] + bytes([response[place] ^ 1]) + response[place + 1 :]
        try:
            assert check_stamp(broken, note, [THEIRS.pem]) == stamp
        except LedgerChangedError:
            refused += 1
    assert refused > 0.9 * len(response)


@pytest.mark.parametrize("answer", [500, 302, 404, b"x" * 100_000], ids=str)
def test_an_authority_that_does_not_answer_is_asked_again_later(log, answer):
    with authorities.serving(lambda _: answer) as url:
        with pytest.raises(TimestampUnavailableError):
            stamp_latest(log.store, Authority(url))
    with pytest.raises(TimestampUnavailableError):
        stamp_latest(log.store, Authority(url, seconds=2))
    assert stamp_latest(log.store, THEIRS.answer) == 3


def test_a_checkpoint_is_stamped_only_so_often(log):
    now, day = [utc_now()], timedelta(days=1)
    log.store.clock = lambda: now[0]
    assert stamp_when_due(log.store, THEIRS.answer, every=day) == 3
    log.grow(1)
    assert stamp_when_due(log.store, THEIRS.answer, every=day) is None
    now[0] += day
    assert stamp_when_due(log.store, THEIRS.answer, every=day) == 4
    log.grow(1)
    now[0] -= 10 * day  # a clock that was set back must not stop the stamps
    assert stamp_when_due(log.store, THEIRS.answer, every=day) == 5


def test_an_address_that_is_none_is_refused():
    with pytest.raises(RefusedError):
        Authority("file:///etc/passwd")


def test_there_is_nothing_to_stamp_before_the_first_checkpoint(sqlite_store):
    assert stamp_when_due(sqlite_store, THEIRS.answer, every=timedelta(days=1)) is None
    with pytest.raises(LedgerIncompleteError):
        stamp_latest(sqlite_store, THEIRS.answer)
