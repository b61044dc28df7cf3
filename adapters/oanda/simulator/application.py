"""The entry point: OANDA's v20 server as an application, with its options."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse

from adapters.oanda.simulator.gate import Gate
from adapters.oanda.simulator.options import DOCS, Options
from adapters.oanda.simulator.routes import routes
from adapters.oanda.simulator.venue import OandaVenue
from adapters.simulation.clock import WallClock
from adapters.simulation.control import control_routes
from adapters.simulation.faults import App, FaultMiddleware
from adapters.simulation.simulator import OnLoopback

_MESSAGES = {404: "The requested resource does not exist", 405: "Method Not Allowed"}


class OandaSimulator(OnLoopback):
    """Meets `ruleengine.ports.simulator.Simulator`."""

    venue = "oanda"
    options: Mapping[str, str] = DOCS

    def app(self, seed: int, options: Mapping[str, str]) -> App:
        return application(OandaVenue(seed, Options.of(options), WallClock()))

    def greeting(self, address: str) -> Sequence[str]:
        return (
            f"OANDA v20 (REST and streams) at {address}",
            "any key is taken: OANDA_TOKEN=simulated",
            f"its accounts (001 as --set says, 002 of the other kind): "
            f"curl -H 'Authorization: Bearer simulated' {address}/v3/accounts",
            f"steer it: {address}/_control (price, market, clock, fault, trade, transfer, ledger, state)",
        )


def application(venue: OandaVenue) -> App:
    """The server of a venue, its control routes and faults."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        running = asyncio.create_task(venue.run())
        try:
            yield
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    async def refuse(request: Request, error: Any) -> JSONResponse:
        message = _MESSAGES.get(error.status_code, error.detail)
        headers = {**(error.headers or {}), "RequestID": venue.next_request_id()}
        return JSONResponse({"errorMessage": message}, error.status_code, headers)

    inner = Starlette(
        routes=[*routes(Gate(venue)), control_routes(venue, {"transfer": venue.transfer})],
        exception_handlers={404: refuse, 405: refuse},
        lifespan=lifespan,
    )
    return FaultMiddleware(inner, venue.faults)
