"""Where the runtime's record goes. The runtime knows no file: it hands things over in order and asks for durability."""

from __future__ import annotations

from typing import Any, Protocol

from ruleengine.model.audit import Decision, Note, VerdictChange
from ruleengine.model.event import Event
from ruleengine.model.order import Command


class Recorder(Protocol):
    """One ordered record. `event` comes before anything that the event leads to; `sync` before any command is sent.

    Every method may raise: then nothing may be sent (an engine that can't record must not act)."""

    def event(self, event: Event) -> None:
        """Capture an input before it is looked at."""
        ...

    def decision(self, decision: Decision) -> None:
        """One intent with every check made for it."""
        ...

    def change(self, change: VerdictChange) -> None:
        """A trigger's verdict that changed between intents."""
        ...

    def order(self, command: Command, ts: int) -> None:
        """A command that is about to be sent."""
        ...

    def note(self, note: Note) -> None: ...

    def metrics(self, ts: int, values: dict[str, Any]) -> None:
        """The policy's figures at one instant of their cadence."""
        ...

    def snapshot(self, ts: int, state: dict[str, Any]) -> None:
        """The engine's state; with the events after it, the same decisions follow."""
        ...

    def flush(self) -> None:
        """Others can read everything handed over; a power cut may still lose it."""
        ...

    def sync(self) -> None:
        """Return when everything handed over is on disk."""
        ...
