"""`/_control`: how a test or a person steers a simulator, on the same port as the venue's own paths.

Bodies and answers are JSON; numbers may be strings. A request that can't be done is a 400 with `error`: one sentence.

POST /_control/price    {"instrument", "bid", "ask", "bid_size"?, "ask_size"?}
                        from now on these prices, standing still; orders meet them before the answer
                        {"instrument", "walk": true}   the path again, from the price that stands
POST /_control/market   {"open": bool}   open or closed whatever the calendar says; null: as the calendar says
POST /_control/clock    {"advance_s": n}   time goes on at once: orders meet what came between, timers run out
POST /_control/fault    {"kind", "path"?, "method"?, "count"?, "seconds"?, "status"?, "body"?, "code"?}
                        see `adapters.simulation.faults`; answers the faults that are set
POST /_control/faults/clear
POST /_control/trade    a manual order in the account, in the words of the venue's simulator; answers what became of it
GET  /_control/ledger   {"accounts": {id: {"orders": [{"id", "client_id", "instrument", "units", "state", …}],
                        "positions": {…}, "balance", …}}, "accepted": {client id: how many orders had it},
                        "faults": {kind: times done}}
GET  /_control/state    {"time_ns", "instruments": {name: {"bid", "ask", "is_open"}}, "faults": [set ones]}

A venue's simulator meets `Steered` and may add routes of its own. Loopback only, like everything of a simulator: a
request from another address is refused.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Mount, Route

from adapters.simulation.clock import SECOND_NS, Clock
from adapters.simulation.faults import KINDS, Fault, Faults
from adapters.simulation.market import Market, UnknownListing

_MOST = Decimal(10**15)
_FINE_STEP_NS, _FINE_STEPS = SECOND_NS, 600
_COARSE_STEP_NS = 60 * SECOND_NS


class Steered(Protocol):
    """What a venue's simulator gives to be steered."""

    @property
    def market(self) -> Market: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def faults(self) -> Faults: ...

    def settle(self) -> None:
        """Do what is due now: orders meet the prices, timers run out, charges are made. Called after every change of
        price, hours or time; doing it twice at one instant is doing it once."""
        ...

    def ledger(self) -> Mapping[str, Any]:
        """`accounts` and `accepted` of `GET /_control/ledger`."""
        ...

    def trade(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        """A manual order, as a person would give it in the venue's own app. Raises ValueError with a sentence."""
        ...


Handler = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def control_routes(venue: Steered, extra: Mapping[str, Handler] | None = None) -> BaseRoute:
    """The routes to mount in the venue's application. `extra`: further POST routes by their last name."""
    steering = _Steering(venue)
    posts: dict[str, Handler] = {
        "price": steering.price,
        "market": steering.market,
        "clock": steering.advance,
        "fault": steering.fault,
        "faults/clear": steering.clear,
        "trade": venue.trade,
        **(extra or {}),
    }
    routes: list[BaseRoute] = [Route(f"/{name}", _posted(handler), methods=["POST"]) for name, handler in posts.items()]
    routes.append(Route("/ledger", _got(steering.ledger), methods=["GET"]))
    routes.append(Route("/state", _got(steering.state), methods=["GET"]))
    return Mount("/_control", routes=routes)


def advance(venue: Steered, ns: int) -> None:
    """Move a simulator's time; it settles second by second for ten minutes, then minute by minute, so that orders meet
    the prices that came between. Raises ValueError for a step back."""
    if ns < 0:
        raise ValueError("a simulator's clock goes forward only: give seconds of 0 or more")
    left = ns
    while left > 0:
        step = min(left, _FINE_STEP_NS if ns - left < _FINE_STEPS * _FINE_STEP_NS else _COARSE_STEP_NS)
        venue.clock.advance(step)
        venue.settle()
        left -= step


class _Steering:
    """The routes that are alike everywhere."""

    def __init__(self, venue: Steered) -> None:
        self._venue = venue

    def price(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        name = str(body.get("instrument", ""))
        market = self._venue.market
        if body.get("walk"):
            market.walk(name)
        else:
            sizes = None
            if "bid_size" in body or "ask_size" in body:
                sizes = (number(body, "bid_size"), number(body, "ask_size"))
            market.set_price(name, number(body, "bid"), number(body, "ask"), sizes)
        self._venue.settle()
        top = market.top(name)
        return {"instrument": name, "bid": str(top.bid), "ask": str(top.ask)}

    def market(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        is_open = body.get("open")
        if is_open not in (True, False, None):
            raise ValueError("`open` is true, false, or null for the calendar's own hours")
        self._venue.market.set_open(is_open)
        self._venue.settle()
        return {"open": is_open}

    def advance(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        advance(self._venue, int(number(body, "advance_s") * SECOND_NS))
        return {"time_ns": self._venue.clock.now_ns()}

    def fault(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        given = dict(body)
        if given.get("kind") not in KINDS:
            raise ValueError(f"`kind` is one of {', '.join(KINDS)}")
        known = {"kind": str, "path": str, "method": str, "count": int, "seconds": float, "status": int, "code": str}
        if wrong := sorted(set(given) - {*known, "body"}):
            raise ValueError(f"a fault has no `{wrong[0]}`")
        values = {name: read(given[name]) for name, read in known.items() if name in given}
        text = given.get("body", "")
        self._venue.faults.add(Fault(**values, body=text if isinstance(text, str) else json.dumps(text)))
        return {"faults": self._pending()}

    def clear(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        self._venue.faults.clear()
        return {"faults": self._pending()}

    def ledger(self) -> Mapping[str, Any]:
        return {**self._venue.ledger(), "faults": dict(self._venue.faults.taken)}

    def state(self) -> Mapping[str, Any]:
        market = self._venue.market
        rows = {}
        for name in market.listings:
            top = market.top(name)
            rows[name] = {"bid": str(top.bid), "ask": str(top.ask), "is_open": top.is_open}
        return {"time_ns": self._venue.clock.now_ns(), "instruments": rows, "faults": self._pending()}

    def _pending(self) -> Sequence[Mapping[str, Any]]:
        return [asdict(fault) for fault in self._venue.faults.pending]


def number(body: Mapping[str, Any], name: str) -> Decimal:
    """A figure of a control body. Raises ValueError where it is missing or none."""
    try:
        found = Decimal(str(body[name]))
        if not abs(found) < _MOST:
            raise ValueError(f"`{name}` is a number below {_MOST:,}, not {body[name]!r}")
        return found
    except KeyError:
        raise ValueError(f"`{name}` is missing") from None
    except InvalidOperation:
        raise ValueError(f"`{name}` is a number, not {body[name]!r}") from None


def _posted(handler: Handler) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def endpoint(request: Request) -> JSONResponse:
        if refusal := _refusal(request):
            return refusal
        try:
            text = await request.body()
            body = json.loads(text, parse_float=Decimal) if text else {}
            if not isinstance(body, dict):
                raise TypeError("the body is a JSON object")
            return JSONResponse(handler(body))
        except UnknownListing as error:
            return JSONResponse({"error": f"no instrument `{error.args[0]}` here"}, 400)
        except (ValueError, TypeError) as error:
            return JSONResponse({"error": str(error)}, 400)

    return endpoint


def _got(handler: Callable[[], Mapping[str, Any]]) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def endpoint(request: Request) -> JSONResponse:
        return _refusal(request) or JSONResponse(handler())

    return endpoint


def _refusal(request: Request) -> JSONResponse | None:
    """Control is for this machine alone."""
    host = request.client.host if request.client else "127.0.0.1"
    if ip_address(host).is_loopback:
        return None
    return JSONResponse({"error": "control routes answer to loopback addresses only"}, 403)
