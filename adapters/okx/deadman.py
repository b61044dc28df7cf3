"""The venue cancels our orders that rest when it has not heard of us for so long; armed only while some do.

It goes by the tag that all our orders carry, so that those of others stay (stops it never touches): `dead_man_s: 0`
turns it off. It is left armed when the process ends: what rests unwatched is what it is for.
"""

from __future__ import annotations

from adapters.okx.api import Api, Said
from adapters.okx.errors import Meaning, meaning
from adapters.okx.names import TAG
from adapters.wire.budget import Urgency
from ruleengine import log

_PATH = "/api/v5/trade/cancel-all-after"
REFRESHES = 4
"""So often within its time it is told that we are there: 60 s each 15 s."""


class DeadMan:
    """`seconds`: 0 turns it off."""

    def __init__(self, api: Api, seconds: int) -> None:
        self._api, self.seconds = api, seconds
        self.is_armed = False

    async def refresh(self, *, rests: bool) -> None:
        """Arm it or keep it away while something `rests`; disarm it once nothing does."""
        if not self.seconds or not (rests or self.is_armed):
            return
        body = {"timeOut": str(self.seconds if rests else 0), "tag": TAG}
        said = await self._api.post(_PATH, body, urgency=Urgency.RESOLVE, patience_s=self.seconds / REFRESHES)
        if isinstance(said, Said) and meaning(said.code) is Meaning.DONE:
            self.is_armed = rests
        else:
            self.is_armed = self.is_armed or rests  # it may be: it is refreshed or disarmed until that is heard
            log.bound(venue="okx").warning("the dead-man switch did not answer")
