"""`ruleengine doctor`: is this venue, with these secrets, what a run needs? Asks, and sends no order."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict

from ruleengine.cli.display import print_tables
from ruleengine.cli.live_session import Reach, differences, opened
from ruleengine.ports.venue import Finding
from ruleengine.reports.tables import Table

_LATER = "ask again later; what {} says of its own state may tell why"


def doctor(reach: Reach, format: str) -> int:
    """Exit code 0: nothing failed, 1: something did; 2 where the venue can't be reached at all."""
    name, found = asyncio.run(_ask(reach))
    if format == "json":
        print(json.dumps({"venue": name, "findings": [asdict(each) for each in found]}, ensure_ascii=False))
    else:
        rows = [[each.subject, each.state, each.found, each.remedy or "–"] for each in found]
        print_tables([Table(f"{name}", ["what", "state", "found", "what to do"], rows)])
    return 1 if any(each.state == "failed" for each in found) else 0


async def _ask(reach: Reach) -> tuple[str, list[Finding]]:
    async with opened(reach, _LATER) as (adapter, venue, shaped):
        name = adapter.capabilities.name
        stated = await venue.account()
        what = f"{stated.id}, {stated.currency}, {stated.mode}, {stated.environment}"
        found = [Finding("account", "ok", what), *(Finding(each, "ok", value) for each, value in stated.flags)]
        if shaped is not None:
            differ = "; ".join(differences(shaped, stated))
            state = Finding("account file", "failed", differ, f"mend {reach.account}, or use another account")
            found.append(state if differ else Finding("account file", "ok", "agrees with the venue"))
        return name, [*found, *await venue.check()]
