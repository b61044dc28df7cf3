"""Access tokens: one for all processes of an app key, kept on disk, asked for once a minute at most (§2, trap 1).

    1. a token in memory that lasts is used; near its end the next one is asked for meanwhile, and nobody waits for it
    2. else, under a lock of the file and of this process: the one on disk, where another process has renewed it
    3. else a new one is asked for, no sooner than a minute after the last time anybody asked, answered or not

Each issue also sends the account's owner a message, so a process per command would be noticed.
"""

from __future__ import annotations

import asyncio

from pydantic import SecretStr

from adapters.kis import errors, kst
from adapters.kis.rows import Row
from adapters.kis.token_file import Token, TokenFile
from adapters.wire.budget import Urgency
from adapters.wire.clock import NANOS, Clock
from adapters.wire.decimals import dumps
from adapters.wire.outcome import Answered
from adapters.wire.transport import Transport
from ruleengine import log
from ruleengine.ports.venue import VenueError

ISSUE_EVERY_S = 60.0
RENEW_AHEAD_S = 1800.0
"""So long before its end a token is renewed."""
_NEVER_LEFT = frozenset({"connect", "queue"})
"""Codes of what proves that a request did not leave."""


class Tokens:
    """Of one app key on one domain. `appkey`, `appsecret`: not shown."""

    def __init__(self, transport: Transport, clock: Clock, file: TokenFile, appkey: SecretStr, appsecret: SecretStr):
        self._transport, self._clock, self._file = transport, clock, file
        self._appkey, self._appsecret = appkey, appsecret
        self._token: Token | None = None
        self._lock = asyncio.Lock()
        self._asked_ns = 0
        """When this process last asked for a token; 0: never."""
        self._aside: asyncio.Task[None] | None = None
        self._aside_due = 0.0
        """When the next token may be looked for while this one lasts (monotonic)."""

    @property
    def present(self) -> Token | None:
        """What is in memory, for `doctor`."""
        return self._token

    async def get(self) -> SecretStr:
        """A token that lasts for a while.

        Errors   VenueError where none can be had.
        """
        token, now = self._token, self._clock.now_ns()
        if token is None or not token.lasts(now, ISSUE_EVERY_S):
            token = await self._renew(bad="")
        elif not token.lasts(now, RENEW_AHEAD_S):
            self._renew_aside()
        return token.value

    async def replace(self, bad: SecretStr) -> SecretStr:
        """Another token in the place of one that the venue does not take any more; one call asks for all that wait."""
        return (await self._renew(bad.get_secret_value())).value

    async def approval_key(self) -> SecretStr:
        """A key for the socket, asked for anew (the same secret has another name here: trap 2)."""
        body = {
            "grant_type": "client_credentials",
            "appkey": self._appkey.get_secret_value(),
            "secretkey": self._appsecret.get_secret_value(),
        }
        answer = await self._ask("/oauth2/Approval", body, "the socket's approval key")
        return self._secret(answer, "approval_key")

    async def close(self) -> None:
        if self._aside is not None:
            self._aside.cancel()
            await asyncio.gather(self._aside, return_exceptions=True)

    def _renew_aside(self) -> None:
        if (self._aside is None or self._aside.done()) and self._clock.monotonic() >= self._aside_due:
            self._aside_due = self._clock.monotonic() + ISSUE_EVERY_S
            self._aside = asyncio.create_task(self._renewed_aside())

    async def _renewed_aside(self) -> None:
        try:
            await self._renew(bad="")
        except VenueError as error:
            log.bound(venue="kis").warning("the next access token can't be had yet: {}", error)
        except Exception as error:  # noqa: BLE001 - the token lasts; whoever needs the next one meets the error
            log.bound(venue="kis").opt(exception=error).error("renewing the access token met an error")

    async def _renew(self, bad: str) -> Token:
        async with self._lock, self._file.locked(self._clock):
            kept, asked_ns = self._file.read()
            asked_ns = max(asked_ns, self._asked_ns)
            lasting = self._usable(kept, bad, RENEW_AHEAD_S)
            if lasting is not None:
                self._token = lasting
                return lasting
            wait_s = ISSUE_EVERY_S - (self._clock.now_ns() - asked_ns) / NANOS
            short = self._usable(kept, bad, ISSUE_EVERY_S)
            if 0 < wait_s <= ISSUE_EVERY_S:
                if short is not None:
                    return short  # it lasts for now; the first call after the minute renews it
                await self._clock.sleep(wait_s)
            try:
                self._token = await self._issue(short)
            except VenueError:
                if short is None:
                    raise
                self._token = short
            return self._token

    def _usable(self, kept: Token | None, bad: str, ahead_s: float) -> Token | None:
        """Of the tokens in memory and on disk the one that lasts so long and is not the bad one."""
        now = self._clock.now_ns()
        for token in (kept, self._token):
            if token is not None and token.value.get_secret_value() != bad and token.lasts(now, ahead_s):
                return token
        return None

    async def _issue(self, short: Token | None) -> Token:
        """Ask for one; told that it is too soon, once more after a minute. `short`: what is kept until then."""
        body = {
            "grant_type": "client_credentials",
            "appkey": self._appkey.get_secret_value(),
            "appsecret": self._appsecret.get_secret_value(),
        }
        try:
            answer = await self._ask_for_token(body, short)
        except VenueError as error:
            if error.code != errors.TOKEN_OFTEN or short is not None:
                raise
            log.bound().warning("a token was asked for less than a minute ago; waiting")
            await self._clock.sleep(ISSUE_EVERY_S)
            answer = await self._ask_for_token(body, short)
        now = self._clock.now_ns()
        token = Token(self._secret(answer, "access_token"), self._end_of(answer, now), now)
        self._file.write(token, self._asked_ns)
        return token

    async def _ask_for_token(self, body: dict[str, str], short: Token | None) -> errors.Answer:
        """That it was asked for is kept before it is: the answer may be lost, or this process end. Unless it is proved
        that nothing left."""
        before, self._asked_ns = self._asked_ns, self._clock.now_ns()
        self._file.write(short, self._asked_ns)
        try:
            return await self._ask("/oauth2/tokenP", body, "an access token")
        except VenueError as error:
            if error.code in _NEVER_LEFT:
                self._asked_ns = before
                self._file.write(short, before)
            raise

    def _end_of(self, answer: errors.Answer, now: int) -> int:
        """When it ends: by the length or the Korean time that is stated, the sooner where both are. (A token that was
        issued before comes again, and its length may be a new one's.)"""
        row = Row(answer.body, "token")
        seconds = row.maybe("expires_in")
        day, _, clock = row.text("access_token_token_expired").partition(" ")
        ends = [] if seconds is None else [now + int(seconds * NANOS)]
        if day or not ends:
            ends.append(kst.moment(day.replace("-", ""), clock.replace(":", "")))
        return min(ends)

    async def _ask(self, path: str, body: dict[str, str], what: str) -> errors.Answer:
        outcome = await self._transport.write(
            "POST", path, dumps(body), headers={"content-type": "application/json; charset=utf-8"},
            urgency=Urgency.EXIT,
        )  # fmt: skip
        if not isinstance(outcome, Answered):
            raise VenueError(f"{what}: {outcome.reason}", code=outcome.code)
        answer = errors.read(outcome.reply.status, outcome.reply.body)
        if not outcome.reply.is_good:
            raise errors.error_of(answer, what)
        return answer

    @staticmethod
    def _secret(answer: errors.Answer, name: str) -> SecretStr:
        """A value of a reply that must not be seen, hidden from logs from here on."""
        text = Row(answer.body, "token").text(name)
        if not text:
            raise VenueError(f"the venue's reply has no `{name}`", code="PAYLOAD", remedy="try again later")
        log.protect(text)
        return SecretStr(text)
