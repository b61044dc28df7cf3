"""One value, one text: and nothing that would read back as something else."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.journal import EntryRefused
from ruleengine.journal.canonical import DEPTH_MAX, decode, encode

_KEYS = st.text(st.characters(codec="utf-8"), max_size=8).filter(lambda text: text[:1] != "$")
_TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)


def _exact(value: Any) -> Any:
    """A form in which 1, 1.0, True, -0.0 and Decimals of other precision differ."""
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_exact(item) for item in value]
    return type(value), str(value)


@given(st.dictionaries(st.sampled_from("abcdef"), _VALUES))
def test_every_recordable_value_reads_back_as_itself(body: dict[str, Any]) -> None:
    assert _exact(decode(encode("note", body))) == _exact(body)


@given(st.dictionaries(st.sampled_from("abcdef"), _VALUES, min_size=2))
def test_order_of_keys_does_not_matter(body: dict[str, Any]) -> None:
    assert encode("note", dict(reversed(body.items()))) == encode("note", body)


def test_bytes_are_those_of_the_format() -> None:
    body = {"b": [1, 1.5, True, None], "a": Decimal("1.50"), "é": "한"}
    assert encode("note", body) == '{"a":{"$dec":"1.50"},"b":[1,1.5,true,null],"é":"한"}'.encode()


class _Odd:
    def __repr__(self) -> str:
        return "odd"


_CYCLE: dict[str, Any] = {}
_CYCLE["again"] = _CYCLE


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"a": math.nan}, "a is nan"),
        ({"a": [{"b": math.inf}]}, "a[0].b is inf"),
        ({"a": Decimal("NaN")}, "a is NaN"),
        ({"a": {1: "x"}}, "key 1"),
        ({"a": {"$dec": "1"}}, "reserved"),
        ({"a": _Odd()}, "a is a _Odd"),
        ({"a": {1, 2}}, "a is a set"),
        ({"a": "\ud800"}, "surrogates"),
        (_CYCLE, "nested deeper"),
    ],
)
def test_what_would_not_read_back_is_refused_with_its_place(body: dict[str, Any], says: str) -> None:
    with pytest.raises(EntryRefused) as refused:
        encode("note", body)
    assert says in refused.value.diagnostic.message
    assert refused.value.diagnostic.code == "RE724"


def test_depth_is_bounded_just_there() -> None:
    def nested(depth: int) -> Any:
        return {"a": nested(depth - 1)} if depth else 1

    assert decode(encode("note", nested(DEPTH_MAX))) == nested(DEPTH_MAX)
    with pytest.raises(EntryRefused):
        encode("note", nested(DEPTH_MAX + 1))


_PROGRAM = """
import sys
from decimal import Decimal
from pathlib import Path
from ruleengine.journal import JournalWriter
with JournalWriter(Path(sys.argv[1]), "practice", origin="r") as writer:
    for number in range(50):
        body = {name: number for name in {"zeta", "alpha", "midd", "x", "y"}}
        writer.append("note", number, "", {"code": "n", "price": Decimal("1.10"), **body})
        writer.append_market(("quote", number, number, "X", 1.1, 1.2, None, None, 0))
    writer.sync()
    print(writer.hash.hex())
"""


def test_the_chain_is_the_same_under_every_hash_seed(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    found = []
    for seed in ("0", "1", "random"):
        target = str(tmp_path / seed / "journal.sqlite")
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, target], env=environment, capture_output=True, text=True, check=True
        )
        found.append(done.stdout.strip())
    assert len(found[0]) == hashlib.sha256().digest_size * 2
    assert found == [found[0]] * 3
