"""The one path on which people are told (PY-08): alerts of a run go to chats and mail, by Apprise's addresses.

A notice never stands in the engine's way: it is put into the outbox, and a thread of its own sends. What can't be
delivered is tried again, and said in the log and at the end.

Texts come from policies, symbols and venues, so nothing in them is markup: every character that CommonMark could read
as a mark is escaped, and Apprise makes of it what the target wants (for Telegram MarkdownV2 with all its reserved
characters escaped; `?format=markdown&mdv=v2` in the address).
"""

from __future__ import annotations

import re
import sys
import threading
import time
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ruleengine import log
from ruleengine.cli.failure import CommandError
from ruleengine.cli.outbox import LEVELS, Level, Notice, Outbox
from ruleengine.cli.secrets import secret, variable
from ruleengine.model.audit import Note
from ruleengine.reports.tables import when

if TYPE_CHECKING:
    from apprise import Apprise

FLUSH_S = 10.0
"""How long the end of a run waits for what is still to be told."""
ROOM = 1_800
"""Characters of all texts of one message; each may be written as two, and Telegram takes 4,096."""
SHOWN_MAX = 7
"""Notices that one message spells out; of the rest it says how many."""

_MARKS = re.compile(r"([!-/:-@\[-`{-~])")
"""ASCII punctuation: all that CommonMark lets be escaped, and so all that can be a mark."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of characters that show as nothing, or turn the direction of what follows."""

Send = Callable[[str], bool]
"""Sends one text in CommonMark; whether it was delivered."""


def literal(text: str) -> str:
    r"""Text as CommonMark that reads as the text itself, in one line.

    >>> literal("spread_1 > 1.2pips\n# USD")
    'spread\\_1 \\> 1\\.2pips \\# USD'
    """
    seen = "".join(" " if unicodedata.category(each) in _UNSEEN else each for each in text)
    return _MARKS.sub(r"\\\1", " ".join(seen.split()))


def message(heading: str, notices: Sequence[Notice], beyond: Mapping[str, int]) -> str:
    """One message in CommonMark. `beyond`: notices that were not kept, by code."""
    lines = [f"**{literal(heading[:200])}**"]
    room = ROOM // max(1, min(len(notices), SHOWN_MAX))
    for each in notices[:SHOWN_MAX]:
        text = each.text if len(each.text) <= room else each.text[: room - 1] + "…"
        named = f"{each.level} {each.code}".strip()
        lines.append(f"**{literal(named)}** {literal(each.at)}  \n{literal(text)}")
    rest = len(notices) - SHOWN_MAX + sum(beyond.values())
    if rest > 0:
        lines.append(literal(f"and {rest} more, in the journal"))
    return "\n\n".join(lines)


class Notifier:
    """Tells people of notices from `level` on. `heading` stands above each message: which policy, which account."""

    def __init__(
        self, send: Send, heading: str, level: Level = "alert", now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._send, self._heading, self._from, self._now_s = send, heading, LEVELS.index(level), now_s
        self._outbox, self._changed, self._is_closing = Outbox(), threading.Condition(), False
        self._until_s = 0.0
        self._thread = threading.Thread(target=self._work, name="notify", daemon=True)
        self._thread.start()

    def note(self, note: Note) -> None:
        self.tell(note.level, note.code, f"{note.key}: {note.message}" if note.key else note.message, when(note.ts))

    def tell(self, level: Level, code: str, text: str, at: str = "", *, always: bool = False) -> None:
        if always or LEVELS.index(level) >= self._from:
            with self._changed:
                self._outbox.put(Notice(level, code, text, at))
                self._changed.notify()

    def close(self, wait_s: float = FLUSH_S) -> tuple[int, int]:
        """Tell what is left, as long as `wait_s`; (delivered, not delivered)."""
        with self._changed:
            self._is_closing, self._until_s = True, self._now_s() + wait_s
            self._changed.notify()
        self._thread.join(wait_s + 1)
        with self._changed:
            return self._outbox.delivered, self._outbox.pending

    def _work(self) -> None:
        while True:
            with self._changed:
                notices = self._next()
                if notices is None:
                    return
                text = message(self._heading, notices, self._outbox.beyond())
            is_delivered = self._try(text)
            with self._changed:
                self._outbox.told(self._now_s(), is_delivered=is_delivered)

    def _next(self) -> Sequence[Notice] | None:
        """Wait for something to tell, and for its time; None where the end has come."""
        while True:
            now = self._now_s()
            notices = self._outbox.take(now)
            if notices is not None and not (self._is_closing and now >= self._until_s):
                return notices
            due = self._outbox.due_s(now)
            if self._is_closing and (due is None or due >= self._until_s):
                return None
            self._changed.wait(None if due is None else max(due - now, 0.01))

    def _try(self, text: str) -> bool:
        try:
            is_delivered = self._send(text)
        except Exception as error:  # noqa: BLE001  a library's failure must not end the thread, and is told
            log.bound().warning("a notice was not delivered: {}", log.redact(f"{type(error).__name__}: {error}"))
            return False
        if not is_delivered:
            log.bound().warning("a notice was not delivered; it is tried again")
        return is_delivered


@contextmanager
def telling(teller: Notifier | None, result: Callable[[], str]) -> Iterator[None]:
    """A run that people are told of: that it began, how it ended (PY-15), and, at the prompt, how many notices there
    were. `result`: what came of it, in one line."""
    if teller is None:
        yield
        return
    teller.tell("info", "", "the run has begun", always=True)
    try:
        yield
    except BaseException as error:
        teller.tell("alert", "", f"the run was ended by {type(error).__name__}: {error}")
        raise
    else:
        teller.tell("info", "", f"the run has ended: {result()}", always=True)
    finally:
        delivered, left = teller.close()
        told = f"notices: {delivered} delivered" + (f", {left} NOT delivered; they are in the journal" if left else "")
        sys.stderr.write(told + "\n")


def notifier(heading: str, level: Level | None) -> Notifier | None:
    """The notifier that the user has set up; None where there are no addresses and none was asked for."""
    given = secret("ruleengine", "notify")
    if given is None:
        if level is None:
            return None
        raise CommandError(
            f"--notify {level}: nobody to tell",
            f"set {variable('ruleengine', 'notify')} to an Apprise address, as tgram://TOKEN/CHAT/?format=markdown&mdv=v2",
        )
    return Notifier(sender(given.get_secret_value().split()), heading, level or "alert")


def sender(addresses: Sequence[str]) -> Send:
    """Sends to all the addresses. One that Apprise can't read is refused by its place, for it holds a secret."""
    if find_spec("apprise") is None:
        raise CommandError("notices need the extra `notify`", "install ruleengine[notify]")
    for each in addresses:
        log.protect(each)
    with warnings.catch_warnings():
        # its services, all loaded at the first address, use what Python deprecates; that concerns nobody here
        warnings.simplefilter("ignore", DeprecationWarning)
        import apprise

        target: Apprise = apprise.Apprise(asset=apprise.AppriseAsset(app_id="ruleengine", secure_logging=True))
        for number, address in enumerate(addresses, 1):
            if not target.add(address):
                raise CommandError(
                    f"{variable('ruleengine', 'notify')}: address {number} of {len(addresses)} is none",
                    "as tgram://TOKEN/CHAT/?format=markdown&mdv=v2; Apprise's documentation lists them",
                )

    def send(text: str) -> bool:
        result: Any = target.notify(body=text, body_format=apprise.NotifyFormat.MARKDOWN)
        return bool(result)

    return send
