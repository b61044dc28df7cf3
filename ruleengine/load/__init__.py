"""YAML text to documents with places; the only importer of PyYAML."""

from ruleengine.load.document import Document, Entry, ListNode, MapNode, Node, ScalarNode
from ruleengine.load.hints import map_meant
from ruleengine.load.loader import LoadedSet, load_bytes, load_file, load_set, read_sources
from ruleengine.load.scalars import Expects, Quantity, read

__all__ = [
    "Document",
    "Entry",
    "Expects",
    "ListNode",
    "LoadedSet",
    "MapNode",
    "Node",
    "Quantity",
    "ScalarNode",
    "load_bytes",
    "load_file",
    "load_set",
    "map_meant",
    "read",
    "read_sources",
]
