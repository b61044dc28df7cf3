"""The one path on which people are told (PY-08): alerts of a run go to chats and mail, by Apprise's addresses.

A notice never stands in the engine's way: it is put into the outbox, and a thread of its own sends. What can't be
delivered is tried again, and said in the log and at the end.

Texts come from policies, symbols and venues, so nothing in them is markup: every character that CommonMark could read
as a mark is escaped, and Apprise makes of it what the target wants (for Telegram MarkdownV2 with all its reserved
characters escaped; `?format=markdown&mdv=v2` in the address). A target that shows text as it is gets it without marks.
What has the shape of a secret is taken out of every text.
"""

from __future__ import annotations

import re
import threading
import time
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ruleengine import log
from ruleengine.cli.failure import CommandError
from ruleengine.cli.outbox import LEVELS, Level, Notice, Outbox
from ruleengine.cli.secrets import secret, variable
from ruleengine.cli.streams import say
from ruleengine.model.audit import Note
from ruleengine.reports.tables import when

if TYPE_CHECKING:
    from apprise import Apprise

FLUSH_S = 10.0
"""How long the end of a run waits for what is still to be told."""
SIZE_MAX = 4_000
"""Characters of one message, its marks included; Telegram takes 4,096."""
SHOWN_MAX = 7
"""Notices that one message spells out; of the rest it says how many."""
_SIZE_OF_ONE = 250
"""Room for a notice's level, time and a sentence: a target that takes little is told of few at a time."""
_ALL_FORMS = 3
"""Text, HTML and Markdown: what takes each of them shows it as it came."""
_OWN_MARKS = frozenset({"Slack"})
"""Services whose marks have no escapes."""
_TOKEN_MIN = 16
"""Parts of an address from this length on are taken for secrets of their own."""

_MARKS = re.compile(r"([!-/:-@\[-`{-~])")
"""ASCII punctuation: all that CommonMark lets be escaped, and so all that can be a mark."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of characters that show as nothing, or turn the direction of what follows."""


@dataclass(frozen=True, slots=True)
class Target:
    """Whom an address reaches. `send` takes one text in CommonMark, of at most `size_max` characters, and says whether
    it was delivered."""

    send: Callable[[str], bool]
    size_max: int = SIZE_MAX


def literal(text: str) -> str:
    r"""Text as CommonMark that reads as the text itself, in one line.

    >>> literal("spread_1 > 1.2pips\n# USD")
    'spread\\_1 \\> 1\\.2pips \\# USD'
    """
    seen = "".join(" " if unicodedata.category(each) in _UNSEEN else each for each in text)
    return _MARKS.sub(r"\\\1", " ".join(seen.split()))


def unmarked(text: str) -> str:
    r"""What a `message` reads as, for a target that shows text as it is: its only mark is `**`.

    >>> unmarked(r"**RE1** 1\.2 \> 1\.0")
    'RE1 1.2 > 1.0'
    """
    return re.sub(r"\\(.)|\*\*", lambda found: found[1] or "", text)


def message(heading: str, notices: Sequence[Notice], beyond: Mapping[str, int], size_max: int = SIZE_MAX) -> str:
    """One message in CommonMark. What is most urgent is spelled out, in order of time. `beyond`: notices that were not
    kept, by code."""
    count = max(1, min(len(notices), SHOWN_MAX, size_max // _SIZE_OF_ONE))
    urgent = sorted(range(len(notices)), key=lambda number: -notices[number].rank)[:count]
    shown = [notices[number] for number in sorted(urgent)]
    lines = [f"**{_cut(heading, size_max // 10)}**"]
    rest = len(notices) - len(shown) + sum(beyond.values())
    if rest > 0:
        lines.append(literal(f"and {rest:,} more"))
    heads = [f"**{literal(f'{each.level} {each.code}'.strip())}** {literal(each.at)}" for each in shown]
    between = 6 * len(shown)
    room = (size_max - sum(map(len, [*lines, *heads])) - between) // max(1, len(shown))
    told = [f"{head}  \n{_cut(each.text, room)}" for head, each in zip(heads, shown, strict=True)]
    return "\n\n".join([lines[0], *told, *lines[1:]])


def _cut(text: str, room: int) -> str:
    """`literal`, in so many characters; no escape is cut in two."""
    whole = literal(text)
    if len(whole) <= room:
        return whole
    kept = whole[: max(room - 1, 0)]
    is_halved = (len(kept) - len(kept.rstrip("\\"))) % 2
    return (kept[:-1] if is_halved else kept) + "…"


class _Channel:
    """One target with an outbox and a thread of its own: that one can't be reached is nothing to the others."""

    def __init__(self, target: Target, heading: str, now_s: Callable[[], float]) -> None:
        self._target, self._heading, self._now_s = target, heading, now_s
        self._outbox, self._changed, self._is_closing = Outbox(), threading.Condition(), False
        self._until_s = 0.0
        self._thread = threading.Thread(target=self._work, name="notify", daemon=True)
        self._thread.start()

    def put(self, notice: Notice) -> None:
        with self._changed:
            self._outbox.put(notice)
            self._changed.notify()

    def end(self, wait_s: float) -> None:
        """No more comes; what is left may still be sent for `wait_s`."""
        with self._changed:
            self._is_closing, self._until_s = True, self._now_s() + wait_s
            self._outbox.hurry()
            self._changed.notify()

    def ended(self) -> tuple[int, int]:
        """(delivered, not delivered), once that time is over."""
        self._thread.join(max(0.0, self._until_s - self._now_s()) + 1)
        with self._changed:
            return self._outbox.delivered, self._outbox.pending

    def _work(self) -> None:
        while True:
            with self._changed:
                notices = self._next()
                if notices is None:
                    return
                text = message(self._heading, notices, self._outbox.beyond(), self._target.size_max)
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
            is_delivered = self._target.send(text)
        except Exception as error:  # noqa: BLE001  a library's failure must not end the thread, and is told
            log.bound().warning("a notice was not delivered: {}", f"{type(error).__name__}: {error}")
            return False
        if not is_delivered:
            log.bound().warning("a notice was not delivered; it is tried again")
        return is_delivered


class Notifier:
    """Tells people of notices from `level` on. `heading` stands above each message: which policy, which account."""

    def __init__(
        self,
        targets: Sequence[Target],
        heading: str,
        level: Level = "alert",
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._from = LEVELS.index(level)
        self._channels = [_Channel(each, log.redact(heading), now_s) for each in targets]

    def note(self, note: Note) -> None:
        self.tell(note.level, note.code, f"{note.key}: {note.message}" if note.key else note.message, when(note.ts))

    def tell(self, level: Level, code: str, text: str, at: str = "", *, always: bool = False) -> None:
        if always or LEVELS.index(level) >= self._from:
            notice = Notice(level, code, log.redact(text), at, always)
            for each in self._channels:
                each.put(notice)

    def close(self, wait_s: float | None = None) -> list[tuple[int, int]]:
        """Tell what is left, as long as `wait_s` (by default FLUSH_S); of each target (delivered, not delivered)."""
        for each in self._channels:
            each.end(FLUSH_S if wait_s is None else wait_s)
        return [each.ended() for each in self._channels]


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
        what = "interrupted"
        if isinstance(error, Exception):
            what = f"ended: {error}" if isinstance(error, CommandError) else f"ended by {type(error).__name__}: {error}"
        teller.tell("alert", "", f"the run was {what}", always=True)
        raise
    else:
        teller.tell("info", "", f"the run has ended: {result()}", always=True)
    finally:
        ends = teller.close()
        for number, (delivered, left) in enumerate(ends, 1):
            whose = f" to address {number} of {len(ends)}" if len(ends) > 1 else ""
            lost = f", {left} NOT delivered" if left else ""
            say(f"notices{whose}: {delivered} delivered{lost}")


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
    return Notifier(targets_of(given.get_secret_value().split()), heading, level or "alert")


def targets_of(addresses: Sequence[str]) -> list[Target]:
    """All the addresses. One that Apprise can't read is refused by its place, for it holds a secret."""
    if find_spec("apprise") is None:
        raise CommandError("notices need the extra `notify`", "install ruleengine[notify]")
    log.configure()
    for each in addresses:
        log.protect(each, *_tokens(each))
    with warnings.catch_warnings():
        # its services, all loaded at the first address, use what Python deprecates; that concerns nobody here
        warnings.simplefilter("ignore", DeprecationWarning)
        import apprise

        asset = apprise.AppriseAsset(app_id="ruleengine", secure_logging=True)
        found: list[Target] = []
        for number, address in enumerate(addresses, 1):
            service = apprise.Apprise(asset=asset)
            if not service.add(address):
                raise CommandError(
                    f"{variable('ruleengine', 'notify')}: address {number} of {len(addresses)} is none",
                    "as tgram://TOKEN/CHAT/?format=markdown&mdv=v2; Apprise's documentation lists them",
                )
            found.append(_target(service))
    return found


def _tokens(address: str) -> list[str]:
    """What an address may hold of secrets: they come alone in what a service's library says."""
    parts = {*re.split(r"[/@?&=]+", address), *re.split(r"[:/@?&=]+", address)}
    return sorted(each for each in parts if len(each) >= _TOKEN_MIN and "." not in each)


def _target(service: Apprise) -> Target:
    import apprise

    is_text = any(_shows_marks(each) for each in service)
    form = apprise.NotifyFormat.TEXT if is_text else apprise.NotifyFormat.MARKDOWN

    def send(text: str) -> bool:
        result: Any = service.notify(body=unmarked(text) if is_text else text, body_format=form)
        return bool(result)

    return Target(send, min([SIZE_MAX, *(int(each.body_maxlen) for each in service)]))


def _shows_marks(service: Any) -> bool:
    """Would it show our marks as they are? It reads text alone, or passes any form on, or has marks of its own."""
    takes = service.notify_format if isinstance(service.notify_format, tuple) else (service.notify_format,)
    forms = {str(getattr(each, "value", each)) for each in takes}
    return forms == {"text"} or len(forms) == _ALL_FORMS or str(service.service_name) in _OWN_MARKS
