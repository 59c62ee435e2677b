"""The pool: every file gets its answer, whatever one of them does to its worker."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import pictures
import rawfiles
from rempart.errors import UnavailableError
from rempart.signals.digests import digest_bytes
from rempart.signals.outcome import Limits, Outcome
from rempart.signals.pdq import pdq
from rempart.signals.pool import Job, Plan, WorkerPool

MISBEHAVE = "workertasks:misbehave"
CRASHES = 500 if os.environ.get("REMPART_CAMPAIGN") else 25
PHOTO = pictures.jpeg(1)


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def children() -> set[str]:
    return {
        child
        for task in os.listdir("/proc/self/task")
        for child in Path(f"/proc/self/task/{task}/children").read_text().split()
    }


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(workers=2, limits=Limits(seconds=20)) as pool:
        yield pool


def test_picture_gets_its_digests_and_hash(pool: WorkerPool) -> None:
    found = pool.examine(PHOTO)
    digests = digest_bytes(PHOTO)
    assert found.outcome is Outcome.OK
    assert (found.size, found.sha256, found.sha1, found.md5) == (
        len(PHOTO),
        digests.sha256,
        digests.sha1,
        digests.md5,
    )
    assert (found.width, found.height, found.recipe) == (480, 360, "srgb8-full-v1")
    assert found.pdq is not None
    assert found.pdq.distance(pdq(pictures.scene(1)).hash) <= 8
    assert [probe.name for probe in found.probes] == ["canonical"]


def test_descriptor_is_read_from_its_start_and_closed(pool: WorkerPool, tmp_path: Path) -> None:
    path = tmp_path / "photo"
    path.write_bytes(PHOTO)
    descriptor = os.open(path, os.O_RDONLY)
    os.lseek(descriptor, 1000, os.SEEK_SET)
    assert pool.examine(descriptor).sha256 == digest_bytes(PHOTO).sha256
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_plan_chooses_probes_facets_or_digests_alone(pool: WorkerPool) -> None:
    many = pool.examine(PHOTO, Plan(probe_set="thorough", facets=True))
    assert many.probes[0].hash == many.pdq
    assert len(many.probes) > 8
    assert len(many.facets) > 8
    assert len({probe.name for probe in many.probes}) == len(many.probes)
    digests_only = pool.examine(PHOTO, Plan(probe_set=None))
    assert digests_only.outcome is Outcome.OK
    assert digests_only.sha256 == many.sha256
    assert digests_only.pdq is None


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        (b"", Outcome.NOT_MEDIA),
        (b"words and words", Outcome.NOT_MEDIA),
        (PHOTO[:9000], Outcome.UNREADABLE),
        (pictures.encode(pictures.scene(1)[:1, :1], "PNG"), Outcome.LOW_QUALITY),
        (rawfiles.png_header(65535, 65535) + rawfiles.png_chunk(b"IDAT", b"x"), Outcome.TOO_LARGE),
    ],
)
def test_whatever_the_outcome_the_digests_are_there(pool: WorkerPool, data: bytes, outcome: Outcome) -> None:
    found = pool.examine(data)
    assert found.outcome is outcome
    assert found.sha256 == digest_bytes(data).sha256
    assert found.size == len(data)


@pytest.mark.parametrize("shape", [(1, 65535), (65535, 1), (1, 1)])
def test_thin_picture_is_of_low_quality_and_carries_its_hash(pool: WorkerPool, shape: tuple[int, int]) -> None:
    from PIL import Image

    found = pool.examine(pictures.encode(Image.new("RGB", shape, (90, 10, 200)), "PNG"))
    assert found.outcome is Outcome.LOW_QUALITY
    assert found.pdq is not None
    assert found.pdq_quality == 0


def test_long_file_gets_digests_and_no_hash() -> None:
    with WorkerPool(limits=Limits(file_bytes=len(PHOTO) - 1)) as pool:
        found = pool.examine(PHOTO)
        assert found.outcome is Outcome.TOO_LARGE
        assert found.sha256 == digest_bytes(PHOTO).sha256
        assert found.pdq is None
        assert pool.examine(PHOTO[:-1] and b"x" * (len(PHOTO) + 5)).outcome is Outcome.NOT_MEDIA


def test_reading_a_long_file_takes_the_time_it_takes(tmp_path: Path) -> None:
    """The time limit is for decoding: a file whose digests take longer than that still gets them."""
    path = tmp_path / "long"
    with path.open("wb") as file:
        file.truncate(1600 << 20)
    with WorkerPool(limits=Limits(seconds=1.5)) as pool:
        start = time.monotonic()
        found = pool.examine(os.open(path, os.O_RDONLY))
        assert time.monotonic() - start > 1.5
    assert found.outcome is Outcome.NOT_MEDIA
    assert found.size == 1600 << 20
    assert found.sha256 is not None


def test_folder_as_source_is_unreadable_and_says_why(pool: WorkerPool, tmp_path: Path) -> None:
    found = pool.examine(os.open(tmp_path, os.O_RDONLY))
    assert found.outcome is Outcome.UNREADABLE
    assert found.sha256 is None
    assert "directory" in (found.error or "")


def test_map_answers_every_job_and_draws_no_more_than_it_needs(pool: WorkerPool) -> None:
    drawn = 0

    def jobs() -> Iterator[Job]:
        nonlocal drawn
        for number in range(100):
            drawn += 1
            yield Job(key=number, source=pictures.jpeg(number % 5, 64, 48))

    answers = pool.map(jobs())
    next(answers)
    assert drawn <= 12
    keys = [job.key for job, _ in answers]
    assert len(keys) == 99
    assert drawn == 100


def test_map_that_is_left_early_leaves_the_pool_whole(pool: WorkerPool) -> None:
    before = open_descriptors()
    answers = pool.map(Job(key=number, source=PHOTO) for number in range(50))
    next(answers)
    answers.close()
    assert pool.examine(PHOTO).outcome is Outcome.OK
    assert open_descriptors() <= before + 1


def test_error_of_the_jobs_passes_through_and_leaves_the_pool_whole(pool: WorkerPool) -> None:
    def jobs() -> Iterator[Job]:
        yield Job(key=1, source=PHOTO)
        raise LookupError("no more names")

    with pytest.raises(LookupError):
        list(pool.map(jobs()))
    assert pool.examine(PHOTO).outcome is Outcome.OK


def test_examine_serves_many_threads(pool: WorkerPool) -> None:
    answers: list[Outcome] = []
    threads = [
        threading.Thread(target=lambda: answers.extend(pool.examine(PHOTO).outcome for _ in range(10)))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [Outcome.OK] * 60


@pytest.mark.parametrize(
    ("deed", "outcome", "words"),
    [
        ("crash", Outcome.UNREADABLE, "crashed"),
        ("exit", Outcome.UNREADABLE, "crashed"),
        ("hang", Outcome.TIMED_OUT, "time limit"),
        ("hang-but-talk", Outcome.UNREADABLE, "crashed"),
        ("grow", Outcome.TOO_LARGE, "memory"),
        ("leave", Outcome.UNREADABLE, "crashed"),
        ("raise", Outcome.UNREADABLE, "a bug in the task"),
        ("lie", Outcome.UNREADABLE, "crashed"),
        ("lie-type", Outcome.UNREADABLE, "crashed"),
        ("garble", Outcome.UNREADABLE, "crashed"),
        ("shout", Outcome.UNREADABLE, "longer than"),
    ],
)
def test_misdeed_costs_its_own_file_alone(deed: str, outcome: Outcome, words: str) -> None:
    sources = [PHOTO, PHOTO, f"{deed} now".encode(), PHOTO, b"plain", PHOTO]
    with WorkerPool(task=MISBEHAVE, limits=Limits(seconds=2, memory_bytes=500 << 20)) as pool:
        answers = {job.key: found for job, found in pool.map(Job(key=n, source=s) for n, s in enumerate(sources))}
        assert pool.examine(PHOTO).outcome is Outcome.OK
    assert answers[2].outcome is outcome
    assert words in (answers[2].error or "")
    if words in ("crashed", "time limit"):
        assert answers[2].sha256 == digest_bytes(sources[2]).sha256
    assert [answers[n].outcome for n in (0, 1, 3, 5)] == [Outcome.OK] * 4
    assert answers[4].outcome is Outcome.NOT_MEDIA


def test_deadline_runs_from_the_start_of_a_job_not_from_its_sending() -> None:
    """Four jobs of 0.6 s one behind the other, each within 2 s."""
    with WorkerPool(task="workertasks:slow", limits=Limits(seconds=2.0)) as pool:
        outcomes = [found.outcome for _, found in pool.map(Job(key=n, source=b"x") for n in range(4))]
    assert outcomes == [Outcome.NOT_MEDIA] * 4


def test_slow_consumer_does_not_time_its_files_out() -> None:
    with WorkerPool(limits=Limits(seconds=1.5)) as pool:
        pool.examine(PHOTO)
        answers = pool.map(Job(key=n, source=PHOTO) for n in range(6))
        outcomes = [next(answers)[1].outcome]
        time.sleep(2.0)
        outcomes += [found.outcome for _, found in answers]
    assert outcomes == [Outcome.OK] * 6


def test_many_crashes_leave_no_process_and_no_descriptor_behind() -> None:
    others = children()
    with WorkerPool(workers=2, task=MISBEHAVE) as pool:
        pool.examine(PHOTO)
        before = open_descriptors()
        sources = [b"crash now", PHOTO] * CRASHES
        outcomes = [found.outcome for _, found in pool.map(Job(key=n, source=s) for n, s in enumerate(sources))]
        assert outcomes.count(Outcome.UNREADABLE) == CRASHES
        assert outcomes.count(Outcome.OK) == CRASHES
        assert open_descriptors() <= before + 2
        assert len(children() - others) <= 2
    gc.collect()
    assert not children() - others
    assert open_descriptors() < before


def test_worker_killed_from_outside_is_replaced(pool: WorkerPool) -> None:
    pool.examine(PHOTO)
    for lane in pool._lanes:
        if lane.pid:
            os.kill(lane.pid, signal.SIGKILL)
    assert pool.examine(PHOTO).outcome is Outcome.OK
    assert all(found.outcome is Outcome.OK for _, found in pool.map(Job(source=PHOTO) for _ in range(8)))


def test_worker_that_cannot_start_is_an_error_that_says_so() -> None:
    with WorkerPool(task="workertasks:no_such_task") as pool:
        with pytest.raises(UnavailableError, match="no_such_task"):
            pool.examine(PHOTO)


def test_closed_pool_refuses_work() -> None:
    pool = WorkerPool()
    with pool:
        pass
    with pytest.raises(UnavailableError):
        pool.examine(PHOTO)


def test_memory_limit_ends_as_too_large_not_as_a_crash() -> None:
    big = pictures.encode(pictures.scene(1, 200, 150), "PNG")
    wide = rawfiles.png(_flat(9000, 6000), bits=8)
    with WorkerPool(limits=Limits(memory_bytes=300 << 20)) as pool:
        found = pool.examine(wide)
        assert found.outcome is Outcome.TOO_LARGE
        assert "memory" in (found.error or "")
        assert found.sha256 == digest_bytes(wide).sha256
        assert pool.examine(big).outcome is Outcome.OK


def _flat(width: int, height: int):
    import numpy as np

    return np.zeros((height, width, 3), np.uint8)


def test_interrupt_ends_the_workers_and_is_passed_on() -> None:
    script = (
        "import sys\n"
        "from rempart.signals.pool import Job, WorkerPool\n"
        "with WorkerPool(workers=2, task='workertasks:misbehave') as pool:\n"
        "    pool.sandbox_report()\n"
        "    print(*(lane.pid for lane in pool._lanes), flush=True)\n"
        "    list(pool.map(Job(key=n, source=b'hang now') for n in range(9)))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as parent:
        assert parent.stdout is not None
        assert parent.stderr is not None
        workers = parent.stdout.readline().split()
        time.sleep(0.3)
        parent.send_signal(signal.SIGINT)
        assert b"KeyboardInterrupt" in parent.stderr.read()
        assert parent.wait(timeout=60) == -signal.SIGINT
    assert len(workers) == 2
    assert not any(Path(f"/proc/{int(pid)}").exists() for pid in workers)


def test_bytes_that_cannot_be_handed_over_are_said_and_leave_no_descriptor() -> None:
    code = """
import os, resource
from rempart.errors import UnavailableError
from rempart.signals.pool import WorkerPool
with WorkerPool() as pool:
    pool.examine(b"first")
    before = len(os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    for _ in range(20):
        try:
            pool.examine(bytes(5000))
        except UnavailableError as err:
            said = str(err)
    print(said, len(os.listdir("/proc/self/fd")) - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "The bytes could not be handed to a worker: File too large. 0\n", done.stderr
