"""Recorded data in and out: imports with declared mappings, recordings of what comes live, reading in total order,
exports of decisions."""

from ruleengine.recordings.batch import KIND_NAMES, Batch
from ruleengine.recordings.declared import Overrides
from ruleengine.recordings.defects import DEFECTS, UNSOUND_MASK, Effect, names_of
from ruleengine.recordings.engine import EngineLimits
from ruleengine.recordings.events import decimal_of, events_of
from ruleengine.recordings.export import DecisionWriter
from ruleengine.recordings.importer import import_recording, mapping_from_plain
from ruleengine.recordings.layout import KINDS, Column, Kind
from ruleengine.recordings.manifest import Live
from ruleengine.recordings.mapping import Mapping
from ruleengine.recordings.presets import PRESETS
from ruleengine.recordings.problem import RecordingProblem
from ruleengine.recordings.reader import Recording, open_recording
from ruleengine.recordings.recorder import Origin, Recorder, finish_recording, is_unfinished
from ruleengine.recordings.report import ImportReport, render_report

__all__ = [
    "DEFECTS",
    "KINDS",
    "KIND_NAMES",
    "PRESETS",
    "UNSOUND_MASK",
    "Batch",
    "Column",
    "DecisionWriter",
    "Effect",
    "EngineLimits",
    "ImportReport",
    "Kind",
    "Live",
    "Mapping",
    "Origin",
    "Overrides",
    "Recorder",
    "Recording",
    "RecordingProblem",
    "decimal_of",
    "events_of",
    "finish_recording",
    "import_recording",
    "is_unfinished",
    "mapping_from_plain",
    "names_of",
    "open_recording",
    "render_report",
]
