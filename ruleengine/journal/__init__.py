"""The ordered log of everything the engine saw, decided and did: one hash-chained SQLite file an account."""

from ruleengine.journal.errors import (
    EntryRefused,
    JournalBroken,
    JournalBusy,
    JournalDamaged,
    JournalError,
    JournalForeign,
    JournalFull,
    JournalInUse,
    JournalMissing,
    JournalNewer,
    JournalReadOnly,
    JournalUnreadable,
    JournalUnwritable,
)
from ruleengine.journal.layout import KINDS, LAYOUT_VERSION, SHAPES, Kind, Shape
from ruleengine.journal.places import Places, default_path, journal_at
from ruleengine.journal.read import InputEvent, JournalReader, Row
from ruleengine.journal.verify import Finding, Report, require_sound, verify
from ruleengine.journal.write import JournalWriter

__all__ = [
    "KINDS",
    "LAYOUT_VERSION",
    "SHAPES",
    "EntryRefused",
    "Finding",
    "InputEvent",
    "JournalBroken",
    "JournalBusy",
    "JournalDamaged",
    "JournalError",
    "JournalForeign",
    "JournalFull",
    "JournalInUse",
    "JournalMissing",
    "JournalNewer",
    "JournalReadOnly",
    "JournalReader",
    "JournalUnreadable",
    "JournalUnwritable",
    "JournalWriter",
    "Kind",
    "Places",
    "Report",
    "Row",
    "Shape",
    "default_path",
    "journal_at",
    "require_sound",
    "verify",
]
