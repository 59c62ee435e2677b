"""That a file was viewed is said only where the log of looks shows that somebody saw all of it."""

import io

import pytest
from PIL import Image

from judging import ADA, REMOVE, REPORT, answered, settler
from looking import looking
from pictures import encode, jpeg, scene
from rempart.cases.quality import oversight
from rempart.cases.records import grants, tasks
from rempart.cases.sight.grants import HinderedError
from rempart.errors import ConflictError, NotFoundError
from rempart.reports.cybertip.document.records import FileDetails
from rempart.reports.cybertip.drafting import looking as report
from rempart.reports.cybertip.drafting.composing import Held
from rempart.reports.cybertip.drafting.viewed import viewed_in, with_views
from rempart.reports.cybertip.records import reports
from rempart.signals.derivatives import METADATA, MOST_PIXELS, Step
from rempart.signals.drawing import drawing_pool
from rempart.signals.outcome import Limits
from reporting import HOUSE, maker


@pytest.fixture(scope="module")
def drawers():
    with drawing_pool(limits=Limits(seconds=10)) as pool:
        yield pool


@pytest.fixture
def desk(sqlite_store, tmp_path, drawers):
    store = sqlite_store
    with looking(store, tmp_path, drawers) as found:
        store.clock = found.clock
        yield found


def shown(desk, case, who, step=Step.ORIGINAL, **more):
    grant = desk.ask(case, who, step, **more)
    desk.picture(case, grant, who)
    return grant


def viewed(desk, case):
    with desk.store.read() as conn:
        return len(viewed_in(conn, case, before=desk.clock()).files)


def moving():
    frames = [Image.fromarray(scene(seed, 60, 40)) for seed in (1, 2)]
    stream = io.BytesIO()
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
    return stream.getvalue()


def test_only_the_whole_original_that_was_shown_counts(desk):
    rui, case = desk.person("rui"), desk.case(jpeg(7, 800, 600))
    desk.claim(case, rui)
    for step in (Step.SKETCH, Step.SMALL, Step.BLURRED, Step.GREY):
        shown(desk, case, rui, step)
        assert viewed(desk, case) == 0
    desk.ask(case, rui, Step.ORIGINAL)  # granted, and never fetched
    assert viewed(desk, case) == 0
    shown(desk, case, rui)
    assert viewed(desk, case) == 1
    with desk.store.read() as conn:
        assert viewed_in(conn, "case_other", before=desk.clock()).files == frozenset()


@pytest.mark.parametrize("content", [moving(), encode(scene(3, 5000, 3300))], ids=["moving", "reduced"])
def test_a_moving_picture_or_one_that_is_shown_smaller_does_not_count(desk, content):
    rui, case = desk.person("rui"), desk.case(content)
    desk.claim(case, rui)
    shown(desk, case, rui)
    assert MOST_PIXELS < 5000 * 3300
    assert viewed(desk, case) == 0


def test_whoever_prepares_a_report_looks_after_the_decision_for_that_alone(desk):
    store, vault = desk.store, desk.vault
    rui, mo = desk.person("rui"), desk.person("mo")
    case = desk.case(jpeg(8))
    for who in (rui, ADA):
        answered(store, case, REMOVE, REPORT, by=who)
        desk.clock.forward(seconds=31)
        with settler(store, vault, asked=maker(vault).of_outcome) as run:
            run()
    with store.read() as conn:
        [row] = reports.of_cases(conn, [case])
        look = report.look(conn, row.id, rui, at=desk.clock(), keyring=vault.keyring, house=HOUSE)
    assert look.tip.files[0].viewed is None
    with pytest.raises(ConflictError):
        desk.ask(case, mo, Step.ORIGINAL, purpose="assess")
    shown(desk, case, mo, purpose="report")
    with store.read() as conn:
        look = report.look(conn, row.id, rui, at=desk.clock(), keyring=vault.keyring, house=HOUSE)
        assert look.tip.files[0].viewed is True
        assert [one.kind for one in oversight.unusual(conn, at=desk.clock())] == []
    with store.write() as conn:
        tasks.change(conn, row.task_id, state="done", settled=desk.clock())
    with pytest.raises(ConflictError):
        desk.ask(case, mo, Step.ORIGINAL, purpose="report")


def test_looks_from_before_it_was_noted_do_not_count(desk):
    rui, case = desk.person("rui"), desk.case(jpeg(9))
    desk.claim(case, rui)
    grant = shown(desk, case, rui)
    with desk.store.write() as conn:
        grants.change(conn, grant, whole=None)
    assert viewed(desk, case) == 0


def with_exif(size=(60, 40)):
    block, stream = Image.Exif(), io.BytesIO()
    block[0x010F] = "A maker"
    Image.new("RGB", size, "white").save(stream, "JPEG", exif=block)
    return stream.getvalue()


def test_metadata_that_were_shown_count_beside_a_file_that_was_viewed(desk):
    rui = desk.person("rui")
    case = desk.case(with_exif())
    desk.claim(case, rui)
    grant = desk.ask(case, rui, METADATA, purpose="assess")
    with pytest.raises(NotFoundError):
        desk.picture(case, grant, rui)
    assert desk.sight.metadata(case, grant, who=rui) == (("Make", "A maker"),)
    with desk.store.read() as conn:
        found = viewed_in(conn, case, before=desk.clock())
        [row] = grants.since(conn, rui.id, desk.clock()) or [None]
    assert (len(found.metadata), len(found.files), row) == (1, 0, None)
    [held] = found.metadata
    file, source = FileDetails(ref="f"), {"f": Held(item=1, object=held, size=1, sha256=None, md5=None)}
    assert with_views(file, source, found) == (None, None)  # of a file that nobody viewed nothing is said
    shown(desk, case, rui)
    with desk.store.read() as conn:
        assert with_views(file, source, viewed_in(conn, case, before=desk.clock())) == (True, True)
    original = desk.ask(case, rui, Step.ORIGINAL)
    with pytest.raises(NotFoundError):
        desk.sight.metadata(case, original, who=rui)


def test_a_file_that_says_nothing_or_cannot_be_read_was_not_viewed(desk):
    rui = desk.person("rui")
    for content, hindered in ((jpeg(5), False), (jpeg(5)[:300], True), (b"no picture at all", True)):
        case = desk.case(content)
        desk.claim(case, rui)
        grant = desk.ask(case, rui, METADATA)
        if hindered:
            with pytest.raises(HinderedError):
                desk.sight.metadata(case, grant, who=rui)
        else:
            assert desk.sight.metadata(case, grant, who=rui) == ()
        with desk.store.read() as conn:
            assert viewed_in(conn, case, before=desk.clock()).metadata == frozenset()
