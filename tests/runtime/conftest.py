"""The account of `account.py`, empty, for each test."""

from __future__ import annotations

import pytest

from ruleengine.runtime.book.holdings import Holdings
from ruleengine.runtime.orders.orders import Orders
from tests.runtime.account import INSTRUMENTS, make_holdings


@pytest.fixture
def orders() -> Orders:
    return Orders(INSTRUMENTS)


@pytest.fixture
def holdings() -> Holdings:
    return make_holdings()
