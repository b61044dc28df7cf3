"""`ruleengine run` at a venue, killed and begun again: nothing is sent twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.cli.asking import ask
from tests.cli.venue_desk import Desk
from tests.waiting import until


def kill_after_a_sending(desk: Desk, delay_s: float) -> None:
    program = [sys.executable, "-m", "ruleengine.cli.main", *desk.arguments]
    before = len(desk.sendings())
    with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=dict(os.environ)) as run:
        try:
            until(lambda: len(desk.sendings()) > before, "nothing was sent", every_s=0.005)
            time.sleep(delay_s)
        finally:
            run.send_signal(signal.SIGKILL)
        assert run.stderr is not None
        assert b"Traceback" not in run.stderr.read()


@pytest.mark.slow
def test_killed_in_the_middle_nothing_is_sent_twice(desk: Desk) -> None:
    """SIGKILL right after an order's step of sending is on disk, and a little later, each time the run has come back;
    then a clean run. Every order that the venue has was decided once, and buying and selling go on in turns: never two
    of one side in a row. Only what was decided and never left is in the record and not at the venue."""
    for delay_s in (0.0, 0.8):
        kill_after_a_sending(desk, delay_s)
    before = len(desk.filled())
    desk.run(lambda: len(desk.filled()) >= max(2, before + 1))
    account, sendings = desk.venue(), desk.sendings()
    done, size = desk.filled(), desk.place.size
    assert done == [size if place % 2 == 0 else -size for place in range(len(done))]
    assert len(sendings) == len(set(sendings)) >= len(account["orders"])
    ids = [order["client_id"] for order in account["orders"] if order["client_id"]]
    assert len(ids) == len(set(ids))
    assert set(ids) <= set(sendings)
    audited = ask("audit", desk.journal_folder, "--format", "json")
    assert audited.code == 0, audited.out + audited.err
    assert sum(run["decisions"] for run in json.loads(audited.out)["runs"]) >= len(sendings)
