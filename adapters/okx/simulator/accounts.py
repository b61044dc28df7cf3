"""What an account is asked about itself: settings, money, positions, limits, ledger."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.okx.simulator import preferences, public
from adapters.okx.simulator.account import Account
from adapters.okx.simulator.errors import refuse
from adapters.okx.simulator.exchange import Exchange
from adapters.okx.simulator.instruments import SWAP, Contract, to_tick
from adapters.okx.simulator.ledger import page
from adapters.okx.simulator.margin import available_to_close
from adapters.okx.simulator.positions import Position, position_row
from adapters.okx.simulator.trading import contract_of
from adapters.okx.simulator.wire import Row, choice, field, required, text

Params = Mapping[str, Any]
_COIN = "USDT"
_SINGLE = {"1", "2"}
"""Account levels in which the account as a whole has no margin figures."""


def config(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    return [
        {
            "acctLv": account.level, "acctStpMode": "cancel_maker", "autoLoan": False, "ctIsoMode": "automatic",
            "enableSpotBorrow": False, "feeType": "0", "greeksType": "PA", "ip": "", "kycLv": "3",
            "label": "simulated", "level": "Lv1", "levelTmp": "", "liquidationGear": "-1",
            "mainUid": account.uid, "mgnIsoMode": "automatic", "opAuth": "0", "perm": "read_only,trade",
            "posMode": account.mode, "roleType": "0", "settleCcy": "", "settleCcyList": [],
            "spotBorrowAutoRepay": False, "spotOffsetType": "", "spotRoleType": "0", "spotTraderInsts": [],
            "stgyType": "0", "traderInsts": [], "type": "0", "uid": account.uid,
        }
    ]  # fmt: skip


def balance(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    wanted = field(params, "ccy").split(",")
    row = balance_row(exchange, account)
    return [row if _COIN in wanted or wanted == [""] else row | {"details": []}]


def balance_row(exchange: Exchange, account: Account) -> Row:
    """As REST and the account channel write it. The account's own margin figures are "" in account levels 1 and 2,
    where the coin has them instead (§5)."""
    money, now = exchange.money(account), exchange.now_ms
    is_single = account.level in _SINGLE

    def whole(value: Decimal | None) -> str:
        return "" if is_single else text(value)

    def coin(value: Decimal | None) -> str:
        return text(value) if is_single else ""

    detail = {
        "accAvgPx": "", "autoLendStatus": "unsupported", "availBal": text(money.available_balance),
        "availEq": text(money.available), "borrowFroz": "", "cashBal": text(money.cash), "ccy": _COIN,
        "clSpotInUseAmt": "", "coinUsdPrice": "1", "collateralEnabled": False, "collateralRestrict": False,
        "crossLiab": "", "disEq": text(money.equity), "eq": text(money.equity), "eqUsd": text(money.equity),
        "fixedBal": "0", "frozenBal": text(money.frozen), "frpType": "0", "imr": coin(money.cross_imr),
        "interest": "", "isoEq": text(money.isolated_equity), "isoLiab": "", "isoUpl": text(money.isolated_upl),
        "liab": "", "maxLoan": "", "maxSpotInUse": "", "maxSpotInUseAmt": "", "mgnRatio": coin(money.ratio),
        "mmr": coin(money.mmr), "notionalLever": text(money.notional / money.equity) if money.equity > 0 else "",
        "openAvgPx": "", "ordFrozen": text(money.ordered), "rewardBal": "0", "smtSyncEq": "0",
        "spotCopyTradingEq": "0", "spotInUseAmt": "", "spotIsoBal": "0", "spotUpl": "", "spotUplRatio": "",
        "stgyEq": "0", "totalPnl": "", "totalPnlRatio": "", "twap": "0", "uTime": str(now), "upl": text(money.upl),
        "uplLiab": "",
    }  # fmt: skip
    return {
        "adjEq": whole(money.equity), "availEq": whole(money.available), "borrowFroz": "", "delta": "",
        "deltaLever": "", "deltaNeutralStatus": "", "details": [detail], "imr": whole(money.cross_imr),
        "isoEq": text(money.isolated_equity), "mgnRatio": whole(money.ratio), "mmr": whole(money.mmr),
        "notionalUsd": whole(money.notional), "notionalUsdForBorrow": "", "notionalUsdForFutures": "",
        "notionalUsdForOption": "", "notionalUsdForSwap": "", "ordFroz": whole(money.ordered),
        "totalEq": text(money.equity), "uTime": str(now), "upl": whole(money.upl),
    }  # fmt: skip


def positions(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    return [row_of(exchange, account, position) for position in account.held() if _is_asked(position, params)]


def row_of(exchange: Exchange, account: Account, position: Position) -> Row:
    return position_row(position, exchange.standing(account, position), exchange.now_ms)


def positions_history(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    """Closed ones, newest first; cursors are times."""
    rows = [row for row in account.closed if field(params, "instId") in {"", row["instId"]}]
    return page(rows, params, "uTime")


def account_position_risk(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    """Money and positions of one instant."""
    row = balance_row(exchange, account)
    return [
        {
            "adjEq": row["adjEq"],
            "balData": [{"ccy": one["ccy"], "disEq": one["disEq"], "eq": one["eq"]} for one in row["details"]],
            "posData": [
                {
                    name: value
                    for name, value in row_of(exchange, account, position).items()
                    if name in {"ccy", "instId", "instType", "mgnMode", "notionalUsd", "pos", "posId", "posSide"}
                }
                for position in account.held()
            ],
            "ts": str(exchange.now_ms),
        }
    ]


def leverage_info(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    required(params, "instId")
    required(params, "mgnMode")
    return preferences.leverage_rows(exchange, account, params)


def max_size(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    """The largest orders that money and tier allow: contracts."""
    rows = []
    for contract, td_mode, buy, sell in _most(exchange, account, params):
        closable = [_closable(account, contract, td_mode, is_buy) for is_buy in (True, False)]
        rows.append(
            {
                "ccy": contract.settle, "instId": contract.inst_id, "maxBuy": text(buy + closable[0]),
                "maxSell": text(sell + closable[1]),
            }
        )  # fmt: skip
    return rows


def max_avail_size(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    """Money that new positions of an instrument may use: USDT."""
    available = text(exchange.money(account).available)
    return [
        {"availBuy": available, "availSell": available, "instId": contract.inst_id}
        for contract, *_ in _most(exchange, account, params)
    ]


def trade_fee(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    """Rates as the venue writes them: negative is what one pays (trap 15)."""
    kind = choice(params, "instType", public.INST_TYPES)
    maker, taker = text(-exchange.rates.maker), text(-exchange.rates.taker)
    return [
        {
            "category": "1", "delivery": "", "exercise": "",
            "feeGroup": [{"groupId": "2", "maker": maker, "taker": taker}], "fiat": [], "instType": kind,
            "level": "Lv1", "maker": maker, "makerU": maker, "makerUSDC": "", "ruleType": "normal", "taker": taker,
            "takerU": taker, "takerUSDC": "", "ts": str(exchange.now_ms),
        }
    ]  # fmt: skip


def bills(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    """The ledger, newest first, by billId (§5)."""
    rows = [bill.row() for bill in account.bills]
    for name in ("instType", "ccy", "mgnMode", "type", "subType", "instId"):
        wanted = field(params, name)
        rows = [row for row in rows if wanted in {"", row[name]}]
    return page(between(rows, params, "ts"), params, "billId")


def currencies(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    """The one coin of this venue."""
    return [
        {
            "ccy": _COIN, "name": "Tether", "chain": "USDT-ERC20", "ctAddr": "", "canDep": False, "canWd": False,
            "canInternal": False, "logoLink": "", "mainNet": False, "minDep": "0", "minWd": "0", "maxWd": "0",
            "minFee": "0", "maxFee": "0", "fee": "0", "wdTickSz": "6", "wdQuota": "0", "usedWdQuota": "0",
            "depQuotaFixed": "", "usedDepQuotaFixed": "", "depQuoteDailyLayer2": "", "minDepArrivalConfirm": "1",
            "minWdUnlockConfirm": "1", "needTag": False, "minFeeForCtAddr": "", "maxFeeForCtAddr": "",
        }
    ]  # fmt: skip


def funding_balances(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    """Of the funding account, in which nobody has anything here: all money is in the trading account."""
    return []


def between(rows: list[Row], params: Params, key: str) -> list[Row]:
    """Rows from `begin` to `end`, both times in ms."""
    begin, end = field(params, "begin"), field(params, "end")
    if not all(edge.isdecimal() or not edge for edge in (begin, end)):
        raise refuse("51000", name="begin")
    return [
        row for row in rows if (not begin or int(row[key]) >= int(begin)) and (not end or int(row[key]) <= int(end))
    ]


def _is_asked(position: Position, params: Params) -> bool:
    names, ids = field(params, "instId"), field(params, "posId")
    return (
        field(params, "instType") in {"", SWAP}
        and (not names or position.contract.inst_id in names.split(","))
        and (not ids or position.pos_id in ids.split(","))
    )


def _most(exchange: Exchange, account: Account, params: Params) -> list[tuple[Contract, str, Decimal, Decimal]]:
    """For each instrument asked for: what money and tier let one open, in contracts (buy, sell)."""
    td_mode = choice(params, "tdMode", ("cross", "isolated", "cash"))
    available = exchange.money(account).available
    found = []
    for name in required(params, "instId").split(","):
        contract = contract_of(exchange, {"instId": name})
        lever = account.lever_of(contract, td_mode, field(params, "posSide"))
        price = exchange.mark(contract)
        one = contract.notional(Decimal(1), price) * (1 / lever + exchange.rates.taker)
        tier = max(tier.max_size for tier in contract.tiers() if tier.max_lever >= lever)
        held = sum((abs(p.size) for p in account.held() if p.contract is contract), Decimal(0))
        most = to_tick(min(available / one, max(tier - held, Decimal(0))), contract.lot)
        found.append((contract, td_mode, most, most))
    return found


def _closable(account: Account, contract: Contract, td_mode: str, is_buy: bool) -> Decimal:
    return sum(
        (
            available_to_close(account, position)
            for position in account.held()
            if (position.contract, position.mgn_mode) == (contract, td_mode) and position.closing(is_buy)
        ),
        Decimal(0),
    )
