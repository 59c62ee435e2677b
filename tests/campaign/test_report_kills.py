"""kill -9 at every step of filing a report, on every bad day that the service can have, on both databases."""

import os

import pytest

from rempart.reports.cybertip.service.misbehaving import How
from tipkilling import killing

UPLOADS = {How.SLOW_UPLOAD, How.WRONG_DIGEST}
DAYS = [
    (f"{call}:{how}",) for call in ("submit", "upload", "fileinfo", "finish") for how in How
    if call == "upload" or how not in UPLOADS
]  # fmt: skip
# What is retracted: a report whose description may have arrived.
DAYS += [("fileinfo:close_after", f"retract:{how}") for how in How if how not in UPLOADS]
# A service that is bad twice, of each kind of bad: nothing was done, it may have been, it was.
DAYS += [
    (f"{first}:{how}", f"{second}:{then}")
    for first, second in (("upload", "submit"), ("fileinfo", "upload"), ("finish", "finish"), ("submit", "finish"))
    for how in (How.CLOSE_BEFORE, How.CLOSE_AFTER) for then in (How.PAGE_AFTER, How.CLOSE_AFTER)
]  # fmt: skip


@pytest.mark.skipif("REMPART_CAMPAIGN" not in os.environ, reason="long form: set REMPART_CAMPAIGN=1")
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("day", [(), *DAYS], ids=lambda day: "+".join(day) or "well")
def test_a_report_is_finished_once_whenever_the_process_dies_on_such_a_day(store, database_url, tmp_path, day):
    with killing(store, database_url, tmp_path) as run:
        steps = run.every_step(day)
        print(f"figures: {steps} steps, {run.kills} kills, {len(run.server.finished)} finished")
        assert run.kills > 30
