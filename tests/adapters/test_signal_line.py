"""Signal lines: JSON in, events out, and what is wrong with a line in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from ruleengine.model.side import Side
from ruleengine.schema.signal import Signal, nanoseconds, problems, to_event

LINE = """{"id": "s-1", "time": "2025-10-31T16:00:04.433000007Z", "instrument": "USD_JPY", "strategy": "fast_scalp",
"side": "short", "size": 10000, "confidence": 80, "pocket": "scalp_fast", "regime": "trending", "leverage": 3,
"stop": 154.646, "target": 154.024}"""


def line(**changes: Any) -> dict[str, Any]:
    row = {**json.loads(LINE), **changes}
    return {key: value for key, value in row.items() if value is not None}


def test_a_line_becomes_an_event() -> None:
    signal = Signal.model_validate(line())
    assert problems(signal) == []
    event = to_event(signal, 1_761_926_405_000_000_000)
    assert (event.ts, event.ts_event) == (1_761_926_405_000_000_000, 1_761_926_404_433_000_007)
    assert (event.id, event.instrument, event.strategy, event.side) == ("s-1", "USD_JPY", "fast_scalp", Side.SHORT)
    assert (event.size, event.confidence, event.leverage, event.stop, event.target) == (10000, 80, 3, 154.646, 154.024)
    assert (event.pocket, event.regime) == ("scalp_fast", "trending")


def test_what_may_be_left_out_is_none() -> None:
    bare = line(size=None, confidence=None, pocket=None, regime=None, leverage=None, stop=None, target=None)
    event = to_event(Signal.model_validate(bare), 5)
    optional = (event.size, event.confidence, event.pocket, event.regime, event.leverage, event.stop, event.target)
    assert optional == (None,) * 7


@pytest.mark.parametrize("changes", [{"side": "buy"}, {"id": None}, {"size": "many"}, {"sise": 1}, {"stop": True}])
def test_a_line_of_another_shape_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Signal.model_validate(line(**changes))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"size": 0}, "size: `0` is not above 0"),
        ({"confidence": 101}, "confidence: `101` is above 100"),
        ({"time": "2025-10-31T16:00:04"}, "time: `2025-10-31T16:00:04` is not a time with its zone"),
        ({"time": "2025-02-30T16:00:04Z"}, "is no time of the calendar"),
        ({"id": "a b"}, "id: `a b` is not an id"),
        ({"stop": -1}, "stop: `-1` is not above 0"),
    ],
)
def test_a_wrong_value_is_told(changes: dict[str, Any], said: str) -> None:
    (found,) = problems(Signal.model_validate(line(**changes)), "signals.jsonl")
    assert said in found.message
    assert found.span.file == "signals.jsonl"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T09:00:01+09:00", 1_000_000_000),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01T00:00Z", 0),
        ("1970-01-01T00:00:00", None),
        ("1970-13-01T00:00:00Z", None),
    ],
)
def test_nanoseconds(text: str, expected: int | None) -> None:
    assert nanoseconds(text) == expected
