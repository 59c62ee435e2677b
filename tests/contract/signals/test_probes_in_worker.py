"""Every kind of probe works inside the closed sandbox, where no module can be imported any more."""

from random import Random

import pytest

from rempart.cli.bench.edits import all_edits
from rempart.signals.outcome import Outcome
from rempart.signals.pool import Plan, WorkerPool
from rempart.signals.scenes import scene


@pytest.fixture(scope="module")
def pool():
    with WorkerPool(workers=1) as running:
        yield running


@pytest.mark.parametrize("edit", all_edits(), ids=lambda edit: edit.name)
def test_an_edited_picture_is_examined_with_all_probes_and_facets(pool, edit):
    data = edit.apply(scene(3, (480, 320)), Random(edit.name))
    examined = pool.examine(data, Plan(probe_set="thorough", facets=True))
    assert (examined.outcome, examined.error) == (Outcome.OK, None)
    assert examined.probes[0].name == "canonical"
    assert examined.facets
