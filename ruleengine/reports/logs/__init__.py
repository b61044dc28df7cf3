"""Logs of other systems as evidence: a bot's orders as decisions, a broker's list as closed trades.

What the rows mean is declared in a mapping (`mapping.py`), shipped ones stand in `presets.py`; `importer.py` reads the
files by it, counts what it could not take, and writes a folder that reports read.
"""

from ruleengine.reports.logs.importer import ImportReport, import_log
from ruleengine.reports.logs.mapping import LogMapping
from ruleengine.reports.logs.presets import LOG_PRESETS

__all__ = ["LOG_PRESETS", "ImportReport", "LogMapping", "import_log"]
