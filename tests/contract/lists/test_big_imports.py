"""Imports longer than a batch: lines far apart are compared, and memory does not follow the length."""

import io
import tracemalloc

from curating import ANNA, curation, live_signals, ndjson, stream
from rempart.lists.ingest import Wishes


def test_a_line_is_compared_with_those_far_before_it(store):
    curated = curation(store)
    made = curated.create(name="trial", by=ANNA)
    lines = ndjson(2600).splitlines(keepends=True)
    other = ndjson(1, seed=9)
    changes = curated.take_in(made.id, stream("".join([*lines, lines[3], lines[1700], other])), Wishes(), by=ANNA)
    assert (changes.counts["add"], changes.counts["duplicates"], changes.counts["refused"]) == (2600, 2, 1)
    assert changes.refused == [[2603, "an earlier line says something else of the same entry"]]
    assert live_signals(store) == 2600


class Lines(io.RawIOBase):
    """So many lines, each made when it is asked for."""

    def __init__(self, count):
        self._rows = (
            f'{{"hash_type":"md5","hash_value":"{n:032x}","source_id":"e{n}"}}\n'.encode() for n in range(count)
        )

    def readable(self):
        return True

    def readinto(self, buffer):
        line = next(self._rows, b"")
        buffer[: len(line)] = line
        return len(line)


def test_memory_does_not_follow_the_length_of_an_import(sqlite_store):
    curated = curation(sqlite_store)
    peaks = []
    for count in (3_000, 12_000):
        made = curated.create(name=f"list {count}", by=ANNA)
        tracemalloc.start()
        curated.take_in(made.id, io.BufferedReader(Lines(count)), Wishes(), by=ANNA)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]
    assert peaks[1] < 32 << 20
