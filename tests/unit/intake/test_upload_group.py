"""The group writer: what waits goes together, what is bad fails alone, what is taken is answered."""

import threading
from concurrent.futures import Future

import pytest

from rempart.errors import RefusedError, StoreUnavailableError, UnavailableError
from rempart.intake.upload_group import GroupWriter


class Book:
    """A commit that can be held up, and that remembers its groups."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.open = threading.Event()
        self.open.set()
        self.begun = threading.Event()

    def commit(self, group):
        self.begun.set()
        assert self.open.wait(10)
        self.groups.append(list(group))
        if any(one == -1 for one in group):
            raise ValueError("a bad row")
        if any(one == -2 for one in group):
            raise StoreUnavailableError
        return [RefusedError("odd") if one == 99 else one * 10 for one in group]


@pytest.fixture
def book():
    return Book()


def submitted(writer, *works):
    futures = []
    for work in works:
        future = Future()
        writer.submit(work, future)
        futures.append(future)
    return futures


@pytest.fixture
def writer(book):
    made = GroupWriter(book.commit, most_waiting=10)
    made.start()
    yield made
    book.open.set()
    made.close()


def together(book, writer, *works):
    """Works that wait while an earlier commit is held up, and so become one group."""
    book.open.clear()
    first = submitted(writer, 0)
    assert book.begun.wait(10)
    futures = submitted(writer, *works)
    book.open.set()
    assert first[0].result(10) == 0
    return futures


def test_what_waits_during_a_commit_goes_into_the_next_one_together(book, writer):
    futures = together(book, writer, 1, 2, 3)
    assert [one.result(10) for one in futures] == [10, 20, 30]
    assert book.groups == [[0], [1, 2, 3]]


def test_one_refusal_among_the_results_is_its_own(book, writer):
    futures = together(book, writer, 1, 99, 3)
    assert (futures[0].result(10), futures[2].result(10)) == (10, 30)
    with pytest.raises(RefusedError, match="odd"):
        futures[1].result(10)


def test_a_group_that_fails_is_tried_one_by_one(book, writer):
    futures = together(book, writer, 1, -1, 3)
    assert (futures[0].result(10), futures[2].result(10)) == (10, 30)
    with pytest.raises(ValueError, match="bad row"):
        futures[1].result(10)
    assert book.groups[1:] == [[1, -1, 3], [1], [-1], [3]]


def test_when_the_database_is_away_nobody_is_tried_again(book, writer):
    futures = together(book, writer, 1, -2, 3)
    assert all(isinstance(one.exception(10), StoreUnavailableError) for one in futures)
    assert len(book.groups) == 2


def test_more_than_may_wait_is_refused_at_once(book, writer):
    book.open.clear()
    submitted(writer, 0)
    assert book.begun.wait(10)
    futures = submitted(writer, *range(10))
    with pytest.raises(UnavailableError, match="waiting"):
        submitted(writer, 11)
    book.open.set()
    assert [one.result(10) for one in futures] == [10 * n for n in range(10)]


def test_closing_answers_what_was_taken_and_takes_no_more(book):
    writer = GroupWriter(book.commit, most_waiting=10)
    book.open.clear()
    writer.start()
    futures = submitted(writer, 1, 2)
    book.open.set()
    writer.close()
    assert [one.result(0) for one in futures] == [10, 20]
    with pytest.raises(UnavailableError, match="stopping"):
        submitted(writer, 3)
