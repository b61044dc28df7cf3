"""One engine an account of a venue, whatever its journal is called: two would each count only their own orders, and
take the other's for manual.

A journal's lock knows that journal alone; another `--journal`, another folder or a copied account file leads past it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from ruleengine.cli.failure import CommandError
from ruleengine.journal.errors import JournalInUse
from ruleengine.journal.lock import Lock, holder_of


@contextmanager
def sole_engine(folder: Path, venue: str, environment: str, account_id: str, address: str) -> Iterator[None]:
    """Hold an account as long as the block lasts. `folder`: where all of this user's runs look. Raises CommandError
    where another engine holds it; one that was killed holds nothing."""
    name = sha256("|".join((environment, account_id, address)).encode()).hexdigest()[:16]
    path = folder / f"account-{name}.lock"
    try:
        lock = Lock(path, account_id, "ruleengine run")
    except JournalInUse:
        raise CommandError(
            f"account {account_id} of {venue} is held by {holder_of(path) or 'another engine'}",
            "stop that engine first; two on one account would each count only their own orders",
        ) from None
    try:
        yield
    finally:
        lock.release()
