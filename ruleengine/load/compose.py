"""The parser's events to nodes, within the limits of the loader contract.

1. `compose` pulls events one by one from libyaml, so that nothing is read beyond a limit that is already broken.
2. `_Composer.node` builds one node: a text, a map (`_map`), a list (`_list`) or a repeated value (`_alias`).
3. What has no meaning here (tags, merge keys, keys that are no text, duplicates) becomes a finding, and work goes on.
4. A broken limit or a syntax error ends the work: `_Stop` carries its finding to `compose`, and no further.

No value is interpreted, and nothing of PyYAML's own constructors (pure or C) is used: they resolve, merge and recurse.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final, NamedTuple

from yaml._yaml import CParser
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import yaml as faults
from ruleengine.diagnostics.suggest import help_line
from ruleengine.load import flow, limits
from ruleengine.load.breakage import Breakage, LastScalar
from ruleengine.load.characters import look_alikes, refusal, unseen_in
from ruleengine.load.document import Entry, ListNode, MapNode, Node, ScalarNode, Style
from ruleengine.load.offsets import map_offsets
from ruleengine.load.plain import what_yaml_reads
from ruleengine.load.source import SourceText

_STYLES: Final[dict[str, Style]] = {"": "plain", "'": "single", '"': "double", "|": "literal", ">": "folded"}
_LATIN = re.compile("[A-Za-z]")
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*(?:\s+(?:#[^\n]*\n\s*)*)?){1,2}")


class Composed(NamedTuple):
    """What came of a text: its root as far as it is whole, the findings, and where the syntax broke, if it did."""

    root: Node | None
    found: list[Diagnostic]
    broken_at: Span | None


class _Size(NamedTuple):
    """Extent of a value with its aliases written out: characters, nodes, levels."""

    chars: int
    nodes: int
    depth: int


class _Stop(Exception):
    """A limit is broken: nothing more is read. Never leaves this module."""

    def __init__(self, finding: Diagnostic) -> None:
        self.finding = finding


def compose(source: SourceText, text: str | None = None) -> Composed:
    """Root node and findings of a text; `text` replaces the source's own at the same offsets.

    Work is bounded by the limits: the parser is asked for events only as long as none is broken.
    """
    composer = _Composer(source, source.text if text is None else text)
    try:
        return Composed(composer.root(), composer.found, None)
    except _Stop as stop:
        return Composed(None, [*composer.found, stop.finding], None)
    except YAMLError as error:
        # here and not above: most files are whole, and nothing but a broken one needs the recognisers
        from ruleengine.load.syntax import explain

        last = LastScalar(*composer.last) if composer.last is not None else None
        finding = explain(source, _breakage(error, len(composer.text)), last)
        # `*x > 3` is first an unknown alias and then no YAML: the second says it all
        others = [other for other in composer.found if other.span.start() != finding.span.start()]
        return Composed(None, [*others, finding], finding.span)


def _breakage(error: YAMLError, size: int) -> Breakage:
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        context_at = error.context_mark.index if error.context_mark is not None else None
        return Breakage(str(error.problem), error.problem_mark.index, str(error.context or ""), context_at)
    position = getattr(error, "position", size)
    return Breakage(str(getattr(error, "reason", error)), min(int(position), size), "", None)


class _Composer:
    """One pass over one text."""

    def __init__(self, source: SourceText, text: str) -> None:
        self.source = source
        self.text = text
        self.found: list[Diagnostic] = []
        self.last: tuple[int, int, Style] | None = None
        """The text that was read completely just before, as a `LastScalar` has it."""
        self._parser: Any = CParser(text)
        self._nodes = 0
        self._aliases = 0
        self._expanded_chars = len(text)
        self._expanded_nodes = 0
        self._chars = self._values = self._deepest = 0
        """What was read so far, aliases written out; the level is the deepest one since an anchor was opened."""
        self._anchors: dict[str, tuple[Node, _Size]] = {}
        self._anchor_spans: dict[str, Span] = {}
        self._written_end = 0

    def root(self) -> Node | None:
        """The only document's root value."""
        self._parser.get_event()
        start = self._parser.get_event()
        if isinstance(start, StreamEndEvent):
            self.found.append(faults.empty_file(Span.of_file(self.source.file)))
            return None
        self._refuse_directives(start)
        node = self.node(self._parser.get_event(), 1)
        self._parser.get_event()
        following = self._parser.get_event()
        if isinstance(following, DocumentStartEvent):
            self.found.append(faults.second_document(self._event_span(following)))
        if isinstance(node, ScalarNode) and node.is_missing:
            self.found.append(faults.empty_file(Span.of_file(self.source.file)))
            return None
        return node

    def node(self, event: Any, depth: int) -> Node:
        """One value that begins with `event`, at `depth` levels from the root (which is at 1)."""
        self._nodes += 1
        if self._nodes > limits.NODES_MAX:
            raise _Stop(faults.too_many_nodes(self._event_span(event), limits.NODES_MAX))
        if isinstance(event, AliasEvent):
            return self._alias(event, depth)
        if event.tag is not None:
            self._refuse_tag(event)
        return self._value(event, depth) if event.anchor is None else self._anchored(event, depth)

    def _value(self, event: Any, depth: int) -> Node:
        self._values += 1
        if isinstance(event, ScalarEvent):
            self._chars += len(event.value) + 1
            return self._scalar(event)
        if depth > limits.DEPTH_MAX:
            raise _Stop(faults.too_deep(self._event_span(event), limits.DEPTH_MAX))
        self._chars += 2
        self._deepest = max(self._deepest, depth + 1)
        return self._map(event, depth) if isinstance(event, MappingStartEvent) else self._list(event, depth)

    def _anchored(self, event: Any, depth: int) -> Node:
        """A value that aliases may repeat: its size is what was read between its first event and its last."""
        self._open_anchor(event)
        chars, values, deepest = self._chars, self._values, self._deepest
        self._deepest = depth
        node = self._value(event, depth)
        size = _Size(self._chars - chars, self._values - values, self._deepest - depth)
        self._deepest = max(self._deepest, deepest)
        self._anchors[event.anchor] = (node, size)
        return node

    def _scalar(self, event: Any) -> ScalarNode:
        style = _STYLES[event.style or ""]
        start, end = self._after_properties(event), event.end_mark.index
        offsets = map_offsets(self.source, event.value, style, start, end)
        if style in ("literal", "folded"):
            end = start + len(self.text[start:end].rstrip())
        self._written_end = end
        if end > start:
            self.last = (start, end, style)
        node = ScalarNode(event.value, style, self.source.span(start, end), offsets)
        if style == "double":
            self._refuse_escaped(node)
        if not node.text.isascii():
            self._refuse_look_alikes(node, whole_words=False)
        return node

    def _map(self, event: Any, depth: int) -> MapNode:
        start = self._collection_start(event)
        pairs: list[Entry] = []
        while not isinstance(key_event := self._parser.get_event(), MappingEndEvent):
            key = self.node(key_event, depth + 1)
            value = self.node(self._parser.get_event(), depth + 1)
            if isinstance(key_event, ScalarEvent) and isinstance(key, ScalarNode):
                pairs.append(Entry(key, value))
            else:
                self.found.append(faults.key_not_scalar(self._event_span(key_event), _kind_of(key_event)))
        if event.flow_style:
            pairs = flow.join_cut_pairs(pairs, self.source, self.found)
        first_keys: dict[str, Span] = {}
        entries = tuple([pair for pair in pairs if self._accepts_key(pair.key, first_keys)])
        return MapNode(entries, self._collection_span(start, key_event, event), event.flow_style)

    def _list(self, event: Any, depth: int) -> ListNode:
        start = self._collection_start(event)
        items: list[Node] = []
        while not isinstance(item_event := self._parser.get_event(), SequenceEndEvent):
            items.append(self.node(item_event, depth + 1))
        if event.flow_style:
            items = flow.join_cut_items(items, self.source, self.found)
        return ListNode(tuple(items), self._collection_span(start, item_event, event), event.flow_style)

    def _alias(self, event: Any, depth: int) -> Node:
        name, span = event.anchor, self._event_span(event)
        self._written_end = event.end_mark.index
        self._aliases += 1
        if self._aliases > limits.ALIASES_MAX:
            raise _Stop(faults.too_many_aliases(span, limits.ALIASES_MAX))
        if name not in self._anchors:
            if name in self._anchor_spans:
                self.found.append(faults.alias_of_itself(span, name, self._anchor_spans[name]))
            else:
                self.found.append(faults.unknown_anchor(span, name, help_line(name, self._anchors)))
            self._chars += 1
            self._values += 1
            return self._written_alias(event)
        node, size = self._anchors[name]
        self._expanded_chars += size.chars
        self._expanded_nodes += size.nodes
        self._check_expansion(span, depth + size.depth - 1)
        self._chars += size.chars
        self._values += size.nodes
        self._deepest = max(self._deepest, depth + size.depth)
        return node

    def _check_expansion(self, span: Span, depth: int) -> None:
        if self._expanded_chars > limits.EXPANSION_RATIO_MAX * len(self.text):
            raise _Stop(faults.aliases_expand_too_far(span, f"{limits.EXPANSION_RATIO_MAX} times the file's length"))
        if self._nodes + self._expanded_nodes > limits.NODES_MAX:
            raise _Stop(faults.aliases_expand_too_far(span, f"{limits.NODES_MAX:,} keys and values"))
        if depth > limits.DEPTH_MAX:
            raise _Stop(faults.aliases_expand_too_far(span, f"{limits.DEPTH_MAX} levels"))

    def _written_alias(self, event: Any) -> ScalarNode:
        """What stands for a value that could not be repeated, so that work can go on: the alias as text."""
        start, end = event.start_mark.index, event.end_mark.index
        text = self.text[start:end]
        return ScalarNode(
            text, "plain", self.source.span(start, end), map_offsets(self.source, text, "plain", start, end)
        )

    def _open_anchor(self, event: Any) -> None:
        span = self._event_span(event)
        if event.anchor in self._anchor_spans:
            self.found.append(faults.anchor_twice(span, event.anchor, self._anchor_spans[event.anchor]))
        self._anchor_spans[event.anchor] = span
        self._anchors.pop(event.anchor, None)

    def _accepts_key(self, key: ScalarNode, first_keys: dict[str, Span]) -> bool:
        """Whether a key joins its map; what is wrong with it is reported either way."""
        if key.is_plain and (kind := what_yaml_reads(key.text)) is not None:
            if key.text == "<<":
                self.found.append(faults.merge_key(key.span))
                return False
            if key.is_missing:
                self.found.append(faults.key_not_scalar(key.span, "nothing"))
                return False
            self.found.append(faults.key_not_text(key.span, key.text, kind.noun))
        same = key.text
        if not same.isascii():
            if not _LATIN.search(same):
                self._refuse_look_alikes(key, whole_words=True)
            same = unicodedata.normalize("NFKC", same)
        if same in first_keys:
            self.found.append(faults.duplicate_key(key.span, key.text, first_keys[same]))
            return False
        first_keys[same] = key.span
        return True

    def _refuse_tag(self, event: Any) -> None:
        match = _PROPERTIES.match(self.text, event.start_mark.index)
        written = next((word for word in match.group().split() if word.startswith("!")), "!") if match else "!"
        self.found.append(faults.tag(self._event_span(event), written))

    def _refuse_directives(self, event: Any) -> None:
        if event.version is not None or event.tags:
            at = self.text.find("%", event.start_mark.index)
            self.found.append(faults.directive(self.source.span(at, self.source.line_at(at)[1])))

    def _refuse_escaped(self, node: ScalarNode) -> None:
        """An escape must not bring in what may not stand in the file itself."""
        if (at := unseen_in(node.text)) is not None:
            self.found.append(refusal(node.span_at(at, at + 1), node.text[at]))

    def _refuse_look_alikes(self, node: ScalarNode, *, whole_words: bool) -> None:
        self.found += [
            faults.look_alike_letter(node.span_at(first, last), node.text[first:last], letter, latin)
            for first, last, letter, latin in look_alikes(node.text, whole_words=whole_words)
        ]

    def _after_properties(self, event: Any) -> int:
        """Where a scalar itself begins: its event begins at its anchor or tag."""
        start: int = event.start_mark.index
        if event.anchor is None and event.tag is None:
            return start
        match = _PROPERTIES.match(self.text, start, event.end_mark.index)
        return match.end() if match else start

    def _collection_start(self, event: Any) -> int:
        """Where the first key, the first dash or the bracket stands, without anchor and tag."""
        has_properties = event.anchor is not None or event.tag is not None
        start: int = event.end_mark.index if has_properties else event.start_mark.index
        return start - 1 if has_properties and event.flow_style else start

    def _collection_span(self, start: int, end_event: Any, event: Any) -> Span:
        """Up to the closing bracket, or to the end of what was written last: libyaml ends a block at the next token."""
        if event.flow_style:
            self._written_end = max(self._written_end, end_event.end_mark.index)
        return self.source.span(start, self._written_end)

    def _event_span(self, event: Any) -> Span:
        """The first line of an event's own marks: for a collection where it begins."""
        start, end = event.start_mark.index, event.end_mark.index
        if end <= start or event.end_mark.line != event.start_mark.line:
            end = max(start + 1, min(end, self.source.line_at(start)[1]))
        return self.source.span(start, end)


def _kind_of(event: Any) -> str:
    if isinstance(event, AliasEvent):
        return "an alias"
    return "a map" if isinstance(event, MappingStartEvent) else "a list"
