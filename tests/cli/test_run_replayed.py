"""What a run at a venue recorded, decided again."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from tests.cli.asking import ask
from tests.cli.venue_desk import ACCOUNT, WATCHER, Desk


@pytest.mark.slow
def test_what_was_recorded_decides_again_as_it_did_live(desk: Desk) -> None:
    """The journal of a live run, replayed: every decision at the same instant with the same figures. (The account is
    the dry run's own, and so are ids.)"""
    place = desk.place
    text = WATCHER.format(currency=place.currency, instrument=place.instrument, size=place.written)
    (desk.folder / "rounds.policy.yaml").write_text(text, encoding="utf-8")
    (desk.folder / "rounds.account.yaml").write_text(
        f"{ACCOUNT.replace('JPY', place.currency)}balance: 1_000_000{place.currency}\n", encoding="utf-8"
    )
    over = threading.Event()
    mover = threading.Thread(target=desk.move_price, args=(over,))
    mover.start()
    try:
        desk.run(lambda: len(desk.rows("check")) >= 4)
    finally:
        over.set()
        mover.join()
    found = ask("dry-run", "--policy", "rounds.policy.yaml", "--data", desk.journal_folder, "--out", "again")
    assert found.code == 0, found.err
    again = [json.loads(line) for line in Path("again/decisions.jsonl").read_text(encoding="utf-8").splitlines()]
    with desk.journal() as journal:
        live = [row.body for row in journal.rows(kinds=["check"])]
    parts = ("ts", "rule", "instrument", "side", "wanted", "outcome", "code", "trigger", "verdicts", "sizing")
    assert [[each.get(part) for part in parts] for each in again] == [
        [each.get(part) for part in parts] for each in live
    ]
