"""Whose order a number is, kept on disk: what a restart can't know of a venue that takes no client ids.

A line for each number, in a file for each day: branch, number, our order's id ("-" where it is not ours). A number that
a process heard, and that its end kept out of the engine's record, is found here; orders of the day that look like a
lost one, and are known, are not taken for it.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from adapters.kis import kst
from ruleengine import log

KEPT_DAYS = 10
_FOREIGN = "-"


class NumberFile:
    """`folder` None: nothing is kept. Best effort: without it orders are told apart by what they are and when."""

    def __init__(self, folder: Path | None, domain: str, account: str) -> None:
        name = hashlib.sha256(f"{domain}\n{account}".encode()).hexdigest()[:16]
        self._folder, self._stem = folder, f"kis-orders-{name}"
        self._written: set[tuple[str, str]] = set()

    def add(self, day: str, branch: str, number: str, order_id: str) -> None:
        """Keep a number; a second time says nothing new."""
        if self._folder is None or (day, number) in self._written:
            return
        self._written.add((day, number))
        path = self._path(self._folder, day)
        try:
            if not path.exists():
                self._make_room(self._folder, day)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(f"{branch or _FOREIGN} {number} {order_id or _FOREIGN}\n")
        except OSError as error:
            log.bound(venue="kis").warning("an order's number can't be kept: {}", error.strerror)

    def read(self, day: str) -> dict[str, tuple[str, str]]:
        """By number: (branch, our order's id or ""). Lines cut off by a crash are left out."""
        if self._folder is None:
            return {}
        try:
            lines = self._path(self._folder, day).read_text("utf-8").splitlines(keepends=True)
        except (OSError, ValueError):
            return {}
        parts = [line.split() for line in lines if line.endswith("\n")]
        return {
            number: ("" if branch == _FOREIGN else branch, "" if order_id == _FOREIGN else order_id)
            for branch, number, order_id in (each for each in parts if len(each) == 3)
        }

    def _path(self, folder: Path, day: str) -> Path:
        return folder / f"{self._stem}-{day}.txt"

    def _make_room(self, folder: Path, day: str) -> None:
        """Drop files of days long gone."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        oldest = f"{self._stem}-{kst.shifted(day, -KEPT_DAYS)}"
        for path in folder.glob(f"{self._stem}-*.txt"):
            if path.stem < oldest:
                path.unlink(missing_ok=True)
