"""What a running engine and the commands at it say to each other: one line of JSON there, one back, over a Unix socket
of the same user. Where that socket is follows from the journal's folder.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ruleengine.cli.failure import CommandError

LINE_BYTES_MAX = 1024 * 1024
"""The longest line; a state with hundreds of trades fits."""
ENDING = ".sock"

Command = Literal["status", "pause", "resume", "kill", "lift", "rearm", "override", "close"]


class Request(BaseModel):
    """`target`: the scope, rule, limit or trade; `seconds`: for how long (override)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: Command
    by: str = Field("", max_length=100)
    reason: str = Field("", max_length=500)
    target: str = Field("", max_length=200)
    seconds: float | None = None


class Told(BaseModel):
    """A note that the command led to."""

    level: Literal["info", "warning", "alert"]
    code: str
    message: str


class State(BaseModel):
    """A running engine. Times in UTC, as text. `off`: switched off by people, `tripped` and `protections`: by rules;
    `unheard`: lost connections; `held`: what else keeps openings back, that books or clocks don't agree, or the venue's
    hours; `overrides`: limits that are lifted, until when; `trades`: rows under `accounts.TRADE_HEADS`; `figures`: of
    the account, by name."""

    title: str
    journal: str
    process: int
    time: str
    off: list[dict[str, str]]
    tripped: dict[str, str]
    protections: list[str]
    unheard: list[str]
    overrides: dict[str, str] = {}
    held: list[str] = []
    orders: list[dict[str, str]]
    trades: list[list[str]]
    figures: dict[str, float]
    currency: str


class Reply(BaseModel):
    """`problem`: why nothing was done, "" where it was. `cancelled`, `sent`: orders taken back, and sent; `refused`:
    closings that the gate held back, and why; `unsure`: orders that could not be handed over for sure."""

    problem: str = ""
    help: str = ""
    notes: list[Told] = []
    cancelled: int = 0
    sent: int = 0
    refused: list[str] = []
    unsure: list[str] = []
    state: State | None = None


def sockets_folder() -> Path:
    """Where this user's engines listen: made where it is missing, and nobody else's. CommandError where it can't be."""
    if sys.platform == "win32":
        raise CommandError("commands at a running engine need Unix sockets", "stop it with Ctrl-C")
    given, user = os.environ.get("XDG_RUNTIME_DIR"), os.getuid()
    folder = Path(given) / "ruleengine" if given else Path(tempfile.gettempdir()) / f"ruleengine-{user}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise CommandError(f"{folder}: {error.strerror}", "name a folder of yours by XDG_RUNTIME_DIR") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != user or stat.S_IMODE(found.st_mode) & 0o077:
        raise CommandError(f"{folder} is open to others", "it has to be a folder of yours with mode 0700")
    return folder


def socket_of(journal: Path) -> Path:
    """The socket of the engine that writes this journal. Short, whatever the journal is called: paths of sockets end
    at about a hundred bytes."""
    return sockets_folder() / (hashlib.sha256(os.fsencode(journal.resolve())).hexdigest()[:16] + ENDING)


def line_of(message: BaseModel) -> bytes:
    return message.model_dump_json().encode() + b"\n"


def as_told(note: Any) -> Told:
    return Told(level=note.level, code=note.code, message=note.message)
