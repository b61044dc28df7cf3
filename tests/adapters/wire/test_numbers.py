"""Numbers of the wire: exact, finite, once each; addresses that may be given keys; clocks compared by `Date`."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapters.wire.address import base_address
from adapters.wire.clock import NANOS, ManualClock, date_skew_s
from adapters.wire.decimals import BadPayload, dumps, loads, number, optional
from ruleengine.ports.venue import VenueError


def test_numbers_keep_every_digit() -> None:
    found = loads(b'{"a": 0.1, "b": 1.085240, "c": 12345678901234567890, "d": 1e2, "e": ["1.10"]}')
    assert found == {"a": Decimal("0.1"), "b": Decimal("1.085240"), "c": 12345678901234567890, "d": 100, "e": ["1.10"]}
    assert str(found["b"]) == "1.085240"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b'{"units": "1", "units": "2"}', "`units` stands twice"),
        (b'{"a": [{"b": 1, "b": 1}]}', "`b` stands twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b'{"a": 1e309}', "no figure"),
        (b'{"a": 1e-40}', "no figure"),
        (b'{"a": ' + b"1" * 5000 + b"}", "too long"),
        (b"[" * 100_000, "nested"),
        (b'{"a": 1', "not JSON"),
        (b"\xff{}", "not UTF-8"),
        (b"", "not JSON"),
    ],
)
def test_what_no_venue_can_mean_is_refused(text: bytes, why: str) -> None:
    with pytest.raises(BadPayload, match=why):
        loads(text)


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", "", "1,000", "abc", None, True, [], 1.5, "1E+999999999", "9" * 61]
)
def test_a_field_that_is_no_number_is_named(value: object) -> None:
    with pytest.raises(BadPayload, match=r"price|figure"):
        number(value, "price")


def test_missing_is_unknown_and_zero_is_zero() -> None:
    assert [optional(value, "x") for value in (None, "", "0", 0)] == [None, None, Decimal(0), Decimal(0)]


def test_bodies_are_written_plainly_and_never_from_floats() -> None:
    assert dumps({"units": Decimal("-1E+5"), "n": 3, "on": True, "list": [Decimal("0.10")]}) == (
        b'{"units":"-100000","n":3,"on":true,"list":["0.10"]}'
    )
    with pytest.raises(TypeError, match="float"):
        dumps({"price": 1.1})


@pytest.mark.parametrize(
    "address",
    [
        "http://api.example.com", "ftp://127.0.0.1", "127.0.0.1:80", "http://", "http://user:pw@127.0.0.1",
        "http://127.0.0.1/?k=v", "http://127.0.0.1:99999", "http://127.0.0.1.example.com", "ws://10.0.0.1",
    ],
)  # fmt: skip
def test_keys_go_over_tls_or_stay_on_this_machine(address: str) -> None:
    with pytest.raises(VenueError) as caught:
        base_address(address)
    assert caught.value.is_final
    assert caught.value.remedy
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["https://api.example.com", "wss://x.example/ws/v5", "http://[::1]:80", "http://localhost"]
)
def test_addresses_that_will_do(address: str) -> None:
    assert base_address(address + "/") == address


@pytest.mark.parametrize(("ahead_s", "expected"), [(0.0, 0.0), (0.9, 0.0), (3.5, 2.5), (-2.0, -2.0)])
def test_a_clock_is_held_against_the_venues_date(ahead_s: float, expected: float) -> None:
    """The venue says second 1767225600 and means any instant of it: our 603.5 is 2.5 s beyond its end, 598 is 2 s
    before its beginning."""
    ours = ManualClock().now_ns() + round(ahead_s * NANOS)
    assert date_skew_s("Thu, 01 Jan 2026 00:00:00 GMT", ours, ours) == pytest.approx(expected)


@pytest.mark.parametrize("text", [None, "", "yesterday"])
def test_no_date_is_no_skew(text: str | None) -> None:
    assert date_skew_s(text, 0, 0) is None
