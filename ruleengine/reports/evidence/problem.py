"""What keeps a report from being made: findings, for whoever is at the prompt."""

from __future__ import annotations

from collections.abc import Sequence

from ruleengine.diagnostics import Diagnostic


class EvidenceProblem(Exception):
    """No error of ours: the sources can't be read, or hold nothing to report on."""

    def __init__(self, findings: Sequence[Diagnostic]) -> None:
        super().__init__("; ".join(each.message for each in findings))
        self.findings = tuple(findings)
