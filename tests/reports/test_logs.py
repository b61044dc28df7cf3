"""Logs of other systems: what a row becomes, what becomes of a bad one, and the operator's own files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ruleengine.reports.evidence.open import opened
from ruleengine.reports.evidence.problem import EvidenceProblem
from ruleengine.reports.guard_report import GuardAsk, guard_report
from ruleengine.reports.logs import LOG_PRESETS, ImportReport, LogMapping, import_log

MAPPING = {
    "name": "bot",
    "kind": "decisions",
    "format": "jsonl",
    "currency": "JPY",
    "instruments": {"USD_JPY": {"pip": "0.01", "zone": "America/New_York", "day": "17:00"}},
    "base_tags": {"TrendMA": ["TrendMA-bull", "TrendMA-bear"]},
    "tag_patterns": {"[ls][0-9a-f]{6}": "fast"},
    "records": [
        {
            "where": {"what": "wish"},
            "time": {"column": "at", "zone": "Asia/Tokyo"},
            "key": ["id"],
            "fields": {
                "id": "id",
                "instrument": "pair",
                "side": {"column": "side", "values": {"buy": "long", "sell": "short"}},
                "tag": "tag",
                "outcome": {"column": "gate", "values": {"ok": "sent", "no": "refused"}},
                "blocker": "why",
            },
            "figures": {"edge": {"column": "q.ask", "minus": "q.bid", "unit": "pips"}},
        }
    ],
    "answers": [{"where": {"what": "fill"}, "key": ["id"], "fate": "filled", "trade": "ticket", "price": "px"}],
}
WISH = {"what": "wish", "id": "a", "at": "2025-10-22 17:54:26", "pair": "USD_JPY", "side": "buy", "tag": "TrendMA-bull",
        "gate": "ok", "q": {"bid": "157.004", "ask": "157.012"}}  # fmt: skip
OPERATOR = Path(os.environ.get("RULEENGINE_DATA", "")) / "operator_logs"
needs_data = pytest.mark.skipif(not OPERATOR.is_dir(), reason="RULEENGINE_DATA names no folder with operator_logs")


def imported(tmp_path: Path, rows: list[dict[str, Any] | str], **changes: Any) -> ImportReport:
    source = tmp_path / "log.jsonl"
    source.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n")
    return import_log(LogMapping.model_validate({**MAPPING, **changes}), [source], tmp_path / "out", force=True)


def test_a_row_becomes_a_decision_with_what_answered_it(tmp_path: Path) -> None:
    report = imported(tmp_path, [WISH, {"what": "fill", "id": "a", "ticket": 77, "px": "157.01"}, {"what": "noise"}])
    assert (report.taken, report.answered, report.outside, report.defects) == (1, 1, 1, {})
    with opened([tmp_path / "out"]) as evidence:
        (row,) = evidence.rows(
            "SELECT id, ts, kind, side, tag, strategy, outcome, fate, trade, fill_price FROM decisions"
        )
        # 17:54:26 in Tokyo is 08:54:26 UTC
        assert row == (
            "a",
            1_761_123_266_000_000_000,
            "entry",
            "long",
            "TrendMA-bull",
            "TrendMA",
            "sent",
            "filled",
            "77",
            157.01,
        )
        assert evidence.rows("SELECT name, value, unit FROM figures") == [("edge", 0.8, "pips")]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{broken", "row that can't be read"),
        ({**WISH, "at": "yesterday"}, "decision without a time"),
        ({**WISH, "side": "up"}, "decision without side"),
        ({**WISH, "pair": None}, "decision without instrument"),
        ({**WISH, "tag": "Nobody"}, "tag `Nobody` without a base tag"),
        (WISH, "id that was there before"),
        ({"what": "fill", "id": "zzz"}, "answer to a row that is not there"),
    ],
)
def test_what_is_wrong_with_a_row_is_counted_with_its_place(tmp_path: Path, row: Any, said: str) -> None:
    answered = {"what": "fill", "id": "a", "ticket": 1}
    report = imported(tmp_path, [WISH, answered, row, *([answered] if row == WISH else [])])
    assert report.defects.get(said) == 1, report.defects
    assert report.firsts[said] == "log.jsonl:3"


def test_a_cut_tag_and_a_pattern_give_base_tags(tmp_path: Path) -> None:
    imported(tmp_path, [{**WISH, "id": "b", "tag": "TrendMAbu"}, {**WISH, "id": "c", "tag": "l311d34"}])
    with opened([tmp_path / "out"]) as evidence:
        assert evidence.rows("SELECT strategy FROM decisions ORDER BY id") == [("TrendMA",), ("fast",)]


def test_a_log_of_another_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceProblem, match="none of 1 rows"):
        imported(tmp_path, [{"hello": 1}])
    assert not (tmp_path / "out").exists()


def test_an_older_import_is_replaced_only_by_force(tmp_path: Path) -> None:
    imported(tmp_path, [WISH])
    source = tmp_path / "log.jsonl"
    with pytest.raises(EvidenceProblem, match="an import already"):
        import_log(LogMapping.model_validate(MAPPING), [source], tmp_path / "out")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(EvidenceProblem, match="other things"):
        import_log(LogMapping.model_validate(MAPPING), [source], tmp_path / "mine", force=True)
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"records": []}, "under `records:`"),
        ({"kind": "trades"}, "under `trades:`"),
        ({"currency": "yen"}, "currency"),
        ({"tag_patterns": {"(": "x"}}, "no regular expression"),
        ({"instruments": {"USD_JPY": {"pip": "0.01", "zone": "Mars"}}}, "unknown time zone"),
    ],
)
def test_a_mapping_that_says_something_wrong(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        LogMapping.model_validate({**MAPPING, **changes})


@needs_data
@pytest.mark.data
def test_the_operators_order_log_and_closed_trades(tmp_path: Path) -> None:
    """The counts stand in the README of the data: 769 attempts, 752 filled, 17 rejected; 315 trades, −3,697 JPY."""
    orders = [OPERATOR / "oanda_usdjpy_order_events_2025-10-22_10-31.jsonl.gz"]
    trades = [OPERATOR / "oanda_usdjpy_closed_trades_2025-10-22_23.csv"]
    import_log(LOG_PRESETS["oanda-order-log"], orders, tmp_path / "orders")
    import_log(LOG_PRESETS["oanda-closed-trades"], trades, tmp_path / "trades")
    with opened([tmp_path / "orders", tmp_path / "trades"]) as evidence:
        attempts = "rule = 'entry attempt'"
        assert evidence.count("decisions", attempts) == 769
        assert evidence.count("decisions", f"{attempts} AND fate = 'filled'") == 752
        assert evidence.count("decisions", f"{attempts} AND fate = 'rejected'") == 17
        assert evidence.count("decisions", "rule = 'close request'") == 826
        assert evidence.count("decisions", "rule = 'close request' AND venue_code = 'TRADE_DOESNT_EXIST'") == 13
        n, result = evidence.one("SELECT count(*), sum(result) FROM trades")
        assert (n, round(result)) == (315, -3697)
        # spread p50 0.8 with both files together; these are the order log's alone
        assert evidence.one("SELECT median(value) FROM figures WHERE name = 'spread at fill'")[0] == pytest.approx(0.8)
        # the order log begins at 08:54, the trades at 08:05: 14 were opened before it
        assert evidence.count("trades", "opened_by IS NULL") == 14


def test_what_another_system_measured_gives_its_thresholds(tmp_path: Path) -> None:
    """FX-29 over imported decisions: a guard log with the distance into its blocked zone."""
    compared = [
        {"what": "edge", "operator": "ge", "measured": {"column": "edge"}, "limit": 3.0, "unit": "pips"},
        {"what": "adx", "operator": "ge", "measured": {"column": "adx"}, "limit": "adx_min"},
    ]
    records = [{**MAPPING["records"][0], "compared": compared}]  # type: ignore[index]  # a list, as it stands above
    blocked = {**WISH, "gate": "no", "why": "edge", "adx": 25, "adx_min": 20}
    rows: list[dict[str, Any] | str] = [
        {**blocked, "id": str(at), "edge": edge} for at, edge in enumerate((1, 2, 2.5, 0))
    ]
    rows += [{**WISH, "id": "5", "edge": 4, "adx": 30, "adx_min": 20}, {**blocked, "id": "6"}]
    imported(tmp_path, rows, records=records)
    with opened([tmp_path / "out"]) as evidence:
        found = guard_report(evidence, GuardAsk(days=None, min_count=1)).data
    (through,) = found["thresholds"]
    # of 0, 1, 2, 2.5: a limit of 2.5 lets one through, 2 two, 1 three
    assert [(each["threshold"], each["passes"]) for each in through["through"]] == [(2.5, 1), (2.0, 2), (1.0, 3)]
    (short,) = found["short_by"]
    assert short["short_by"]["median"] == pytest.approx(1.5)  # 0.5, 1, 2, 3 short of 3
    assert (found["calls"], found["blocked"]) == (6, 5)
    assert {each["input"]: each["known"] for each in found["inputs"]} == {"edge": 5, "adx": 6}
