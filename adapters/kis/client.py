"""The door to the venue's REST services: headers, tokens, the rate budget, pages, and what may be repeated.

    ask     a question; answers of the gateway that say "later" or "token over" are dealt with, a refusal is an error
    pages   all pages of a question
    send    an order; repeated only where the venue proves that it did not process it (§6)

The budget is of the app key: every call takes from it, tokens included.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from adapters.kis import errors
from adapters.kis.errors import Answer, Meaning
from adapters.kis.hosts import Hosts
from adapters.kis.rows import Row
from adapters.kis.services import Service
from adapters.kis.token_file import TokenFile
from adapters.kis.tokens import Tokens
from adapters.wire import outcome
from adapters.wire.budget import Budget, Urgency
from adapters.wire.clock import Clock
from adapters.wire.decimals import dumps
from adapters.wire.outcome import NotSent, Unknown
from adapters.wire.transport import Limits, Transport
from ruleengine.ports.venue import Access, VenueError

RATE_PER_S = {False: 18.0, True: 1.8}
"""By whether it is mock: a little under the venue's 20 and 2, so that no second ever holds one more."""
DEADLINE_S = 10.0
PAGES_MAX = 200
_QUIET_S = 1.1
_READ_TRIES, _ENTRY_TRIES, _EXIT_TRIES = 5, 3, 60
"""Of calls that the venue did not process."""
_UNCLEAR_TRIES = 3
"""Of questions that it did not answer."""

Sent = Answer | NotSent | Unknown
"""What an order came to: the venue's word, the proof that it did not leave, or neither."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Of the app. Not shown."""

    appkey: SecretStr
    appsecret: SecretStr

    @classmethod
    def of(cls, access: Access) -> Keys:
        """
        Errors   VenueError for one that is missing.
        """
        for name in ("appkey", "appsecret"):
            if name not in access.secrets or not access.secrets[name].get_secret_value().strip():
                raise VenueError(
                    f"no `{name}` of KIS was given", code="SECRET", is_final=True,
                    remedy=f"set KIS_{name.upper()}; live and mock have keys of their own",
                )  # fmt: skip
        return cls(access.secrets["appkey"], access.secrets["appsecret"])


class Client:
    """One app key at one host."""

    def __init__(
        self, hosts: Hosts, keys: Keys, transport: Transport, tokens: Tokens, clock: Clock, *,
        deadline_s: float = DEADLINE_S,
    ) -> None:  # fmt: skip
        """`deadline_s`: for the answer to an order; without one by then nobody knows."""
        self.hosts, self.tokens, self.transport = hosts, tokens, transport
        self._keys, self._clock, self._deadline_s = keys, clock, deadline_s
        self.skew_s: float | None = None
        """By how much our clock was ahead of the venue's at the last answer; None: never told."""

    @classmethod
    def of(
        cls, access: Access, hosts: Hosts, clock: Clock, *, rate_per_s: float | None = None,
        deadline_s: float = DEADLINE_S, via: Callable[[], object] | None = None,
    ) -> Client:  # fmt: skip
        """`via`: makes what takes the place of the network (tests)."""
        keys = Keys.of(access)
        budget = Budget(clock, per_s=rate_per_s or RATE_PER_S[hosts.is_mock], burst=1)
        transport = Transport(
            hosts.rest, clock, budget, decode=errors.decode, spoken=frozenset({500}),
            limits=Limits(deadline_s=DEADLINE_S), via=via() if via else None,  # type: ignore[arg-type]
        )  # fmt: skip
        file = TokenFile(access.cache, hosts.rest, keys.appkey)
        tokens = Tokens(transport, clock, file, keys.appkey, keys.appsecret)
        return cls(hosts, keys, transport, tokens, clock, deadline_s=deadline_s)

    @property
    def rate_per_s(self) -> float:
        return self.transport.budget.per_s

    async def close(self) -> None:
        await self.tokens.close()
        self.transport.budget.close()
        await self.transport.close()

    # --- questions ----------------------------------------------------------------------------------------------

    async def ask(
        self, service: Service, query: Mapping[str, str], *, urgency: Urgency = Urgency.READ, follows: bool = False
    ) -> Answer:
        """The answer to a question. `follows`: it is for the page after the last one.

        Errors   VenueError for a refusal, and where no answer can be had.
        """
        is_renewed, unclear = False, 0
        for attempt in range(_READ_TRIES):
            token = await self.tokens.get()
            headers = self._headers(service, token, follows=follows)
            reply = await self.transport.read(service.path, query, headers=headers, urgency=urgency)
            answer = self._read(reply)
            match answer.meaning:
                case Meaning.DONE:
                    return answer
                case Meaning.RENEW if not is_renewed:
                    is_renewed = True
                    await self.tokens.replace(token)
                case Meaning.REPEAT:
                    await self._be_quiet(attempt)
                case Meaning.UNCLEAR if unclear < _UNCLEAR_TRIES - 1:
                    unclear += 1
                    await self._clock.sleep(random.uniform(0.1, 0.5 * 2**unclear))  # noqa: S311 - spreads tries
                case _:
                    break
        raise errors.error_of(answer, service.name)

    async def pages(
        self, service: Service, query: Mapping[str, str], *, urgency: Urgency = Urgency.READ
    ) -> list[Answer]:
        """All pages, first first. Keys of the next page go back as they came, their inner spaces too (trap 18).

        Errors   VenueError also where pages don't end.
        """
        found: list[Answer] = []
        place = {"CTX_AREA_FK100": "", "CTX_AREA_NK100": ""}
        while len(found) < PAGES_MAX:
            answer = await self.ask(service, {**query, **place}, urgency=urgency, follows=bool(found))
            found.append(answer)
            following = {name: str(answer.body.get(name.lower()) or "") for name in place}
            if not answer.has_more:
                return found
            if following == place:
                break
            place = following
        raise VenueError(f"{service.name}: the venue's pages don't end", code="PAGES", remedy="ask again")

    async def row(self, service: Service, query: Mapping[str, str], output: str = "output") -> Row:
        """The one object that a question is answered with."""
        return (await self.ask(service, query)).row(output)

    # --- orders -------------------------------------------------------------------------------------------------

    async def send(
        self, service: Service, body: Mapping[str, str], *, urgency: Urgency, patience_s: float | None = None
    ) -> Sent:
        """Send an order. Sent again only where the venue said that it did not process it: too many calls in a second
        (trap 3), or a token that is over (once). `patience_s`: for all that it waits for before it leaves, a token and
        other tries too."""
        begun = self._clock.monotonic()
        is_renewed, tries, left_s = False, _EXIT_TRIES if urgency is Urgency.EXIT else _ENTRY_TRIES, patience_s
        for attempt in range(tries):
            try:
                token = await self.tokens.get()
            except VenueError as error:
                return NotSent(error.code or "token", str(error))
            if patience_s is not None:
                left_s = patience_s - (self._clock.monotonic() - begun)
                if left_s <= 0:
                    return NotSent("late", f"{service.name}: it could not leave within {patience_s:g} s")
            headers = self._headers(service, token)
            came = await self.transport.write(
                service.method, service.path, dumps(dict(body)), headers=headers, urgency=urgency,
                patience_s=left_s, deadline_s=self._deadline_s,
            )  # fmt: skip
            if not isinstance(came, outcome.Answered):
                return came
            answer = self._read(came.reply)
            match answer.meaning:
                case Meaning.DONE | Meaning.REFUSED:
                    return answer
                case Meaning.UNCLEAR:
                    return Unknown(answer.code or f"HTTP_{came.reply.status}", errors.said(answer))
                case Meaning.RENEW:
                    if is_renewed:
                        return NotSent(answer.code, errors.said(answer))
                    is_renewed = True
                    try:
                        await self.tokens.replace(token)
                    except VenueError as error:
                        return NotSent(error.code or answer.code, str(error))
                case Meaning.REPEAT:
                    await self._be_quiet(attempt)
        return NotSent(errors.RATE_EXCEEDED, f"{service.name}: the venue refused every try: too many calls in a second")

    # --- one call -----------------------------------------------------------------------------------------------

    def _headers(self, service: Service, token: SecretStr, *, follows: bool = False) -> dict[str, str]:
        return {
            "content-type": "application/json; charset=utf-8",
            "authorization": f"Bearer {token.get_secret_value()}",
            "appkey": self._keys.appkey.get_secret_value(),
            "appsecret": self._keys.appsecret.get_secret_value(),
            "tr_id": service.tr_id(is_mock=self.hosts.is_mock),
            "custtype": "P",
            "tr_cont": "N" if follows else "",
        }

    def _read(self, reply: outcome.Reply) -> Answer:
        skew_s = reply.skew_s()
        if skew_s is not None:
            self.skew_s = skew_s
        return errors.read(reply.status, reply.body, more=reply.headers.get("tr_cont", ""))

    async def _be_quiet(self, attempt: int) -> None:
        """Let nothing of this app key leave for a second and a little: another process may use it too."""
        self.transport.budget.pause(_QUIET_S + min(attempt, 4) * random.uniform(0.0, 0.5))  # noqa: S311
