"""`ruleengine status`, `pause`, `resume`, `kill`, `lift`, `rearm`, `override`, `close`: what people say to a running
engine, and its answer."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from ruleengine.cli.accounts import TRADE_FIGURES, TRADE_HEADS
from ruleengine.cli.control_wire import (
    ENDING,
    LINE_BYTES_MAX,
    Command,
    Reply,
    Request,
    State,
    line_of,
    socket_of,
    sockets_folder,
)
from ruleengine.cli.display import account_lines, print_tables
from ruleengine.cli.failure import CommandError
from ruleengine.cli.times import seconds_of
from ruleengine.reports.tables import Table

_ORDER_HEADS = ["id", "rule", "instrument", "side", "left", "state"]
_WAIT_S = 15.0
"""Longer than the engine takes for one conversation."""


def status(journal: Path | None, format: str) -> int:
    """Every engine of this user that runs, or the one that writes `journal`. Exit code 0: shown, 1: one of them
    says nothing, 2: none runs."""
    asked = Request(command="status")
    states, silent = list[State](), list[CommandError]()
    for path in _paths(journal):
        try:
            state = _ask(path, asked).state
        except CommandError as error:
            silent.append(error)  # one that hangs hides no other
            continue
        if state is not None:
            states.append(state)
    if format == "json":
        print("[" + ", ".join(state.model_dump_json() for state in states) + "]")
    else:
        for state in states:
            _show(state)
    if silent:
        raise CommandError(f"{len(silent)} of your engines: {silent[0].message}", silent[0].help, exit_code=1)
    return 0


def operate(
    command: Command, target: str, reason: str, by: str, journal: Path | None, format: str, length: str | None = None
) -> int:
    """Exit code 0: done, 1: the engine did not do it, 2: no engine heard it."""
    paths = list(_paths(journal))
    if len(paths) > 1:
        known = ", ".join(_journal_of(path) for path in paths)
        raise CommandError(f"{len(paths)} engines run here: {known}", "name one by --journal")
    try:
        request = Request(
            command=command, by=by or _person(), reason=reason, target=target,
            seconds=None if length is None else seconds_of(length, "--for"),
        )  # fmt: skip
    except ValidationError as error:
        first = error.errors()[0]
        raise CommandError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", "make it shorter") from None
    reply = _ask(paths[0], request)
    if format == "json":
        print(reply.model_dump_json(exclude={"state"}))
    elif reply.problem:
        raise CommandError(reply.problem, reply.help, exit_code=1)
    else:
        for each in reply.notes:
            print(f"{each.level}: {each.code} {each.message}")
        for line in reply.refused:
            print(line)
        for line in reply.unsure:
            print(f"it may or may not have left: order {line}")
        print(f"orders taken back {reply.cancelled}, sent {reply.sent}, not sent {len(reply.refused)}")
    return 1 if reply.problem or reply.refused or reply.unsure else 0


def _journal_of(path: Path) -> str:
    try:
        state = _ask(path, Request(command="status")).state
    except CommandError:
        state = None
    return "one that says nothing" if state is None else state.journal


def _person() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise CommandError("who you are is not known to this system", "give --by NAME") from None


def _paths(journal: Path | None) -> Iterator[Path]:
    """Sockets at which an engine listens. Raises CommandError where there is none."""
    if journal is not None:
        path = socket_of(journal)
        if not _listens(path):
            raise CommandError(
                f"no engine that listens in {path.parent} runs on {journal}", "`ruleengine status` lists those that do"
            )
        yield path
        return
    folder = sockets_folder()
    found = [path for path in sorted(folder.glob(f"*{ENDING}")) if _listens(path)]
    if not found:
        raise CommandError(
            f"no engine of yours runs that listens in {folder}",
            "start one with `ruleengine run`; that of a service or of cron may have another XDG_RUNTIME_DIR: give it",
        )
    yield from found


def _listens(path: Path) -> bool:
    """A killed run leaves its socket behind, at which nobody listens."""
    try:
        with socket.socket(socket.AF_UNIX) as tried:
            tried.settimeout(_WAIT_S)
            tried.connect(str(path))
    except OSError:
        return False
    return True


def _ask(path: Path, request: Request) -> Reply:
    """Say it and hear the answer. Raises CommandError where none comes: it may have been done all the same."""
    line = bytearray()
    try:
        with socket.socket(socket.AF_UNIX) as talk:
            talk.settimeout(_WAIT_S)
            talk.connect(str(path))
            talk.sendall(line_of(request))
            while not line.endswith(b"\n") and len(line) <= LINE_BYTES_MAX:
                part = talk.recv(65_536)
                if not part:
                    break
                line += part
        return Reply.model_validate_json(bytes(line))
    except TimeoutError:
        reason = f"the engine did not answer within {_WAIT_S:g} s"
    except (OSError, ValidationError):
        reason = "the engine gave no answer"
    if request.command == "status":
        raise CommandError(reason, "it may be busy or ending; ask again")
    raise CommandError(
        f"{reason}: whether it was done, or still will be, is not known", "`ruleengine status` shows what is so"
    )


def _show(state: State) -> None:
    print(state.title)
    for name, lines in (
        ("journal", [state.journal]),
        ("process", [str(state.process)]),
        ("time", [state.time or "no event yet"]),
        ("account", account_lines(state.figures, state.currency)),
        ("off", [f"{each['scope']} by {each['by']} since {each['since']}: {each['reason']}" for each in state.off]),
        ("tripped", [f"{rule} since {since}: `ruleengine rearm {rule}`" for rule, since in state.tripped.items()]),
        ("on", state.protections),
        ("unheard", state.unheard),
        ("held", state.held),
        ("lifted", [f"{limit} until {until}" for limit, until in state.overrides.items()]),
    ):
        for line in lines:
            print(f"  {name:<8} {line}")
    orders = [[each[head] for head in _ORDER_HEADS] for each in state.orders]
    numbers = tuple(number for number, head in enumerate(TRADE_HEADS) if head in TRADE_FIGURES)
    tables = [Table("Orders out", _ORDER_HEADS, orders, (4,)), Table("Open trades", TRADE_HEADS, state.trades, numbers)]
    print()
    print_tables([each for each in tables if each.rows])
