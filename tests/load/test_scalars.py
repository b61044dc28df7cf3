"""What a single value is read as, by the place it stands in; every refusal with the spelling that helps."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import yaml

from ruleengine.load import MapNode, Quantity, ScalarNode, load_bytes, map_meant, read
from ruleengine.load.plain import what_yaml_reads


def node_of(text: str) -> ScalarNode:
    document, _ = load_bytes(f"k: {text}\n".encode(), "x.yaml")
    assert document is not None
    assert isinstance(document.root, MapNode)
    node = document.root.entries[0].value
    assert isinstance(node, ScalarNode)
    return node


@pytest.mark.parametrize(
    ("text", "expects", "value"),
    [
        ("spread <= 1.2pips", "expression", "spread <= 1.2pips"),
        ("0", "expression", "0"),
        ("true", "expression", "true"),
        ("'x == \"a\"'", "expression", 'x == "a"'),
        ("1.2pips", "quantity", Quantity(Decimal("1.2"), "pips", "1.2pips")),
        ("92%", "quantity", Quantity(Decimal(92), "%", "92%")),
        ("45s", "quantity", Quantity(Decimal(45), "s", "45s")),
        ("-3", "quantity", Quantity(Decimal(-3), None, "-3")),
        ("15_000units", "quantity", Quantity(Decimal(15000), "units", "15_000units")),
        ("0.1contracts", "quantity", Quantity(Decimal("0.1"), "contracts", "0.1contracts")),
        ("500USD", "quantity", Quantity(Decimal(500), "USD", "500USD")),
        ("3bars", "quantity", Quantity(Decimal(3), "bars", "3bars")),
        ('"92%"', "quantity", Quantity(Decimal(92), "%", "92%")),
        ("1.3.0", "version", "1.3.0"),
        ("2.0.0-rc.1", "version", "2.0.0-rc.1"),
        ("Both sides", "text", "Both sides"),
        ('"22:30"', "text", "22:30"),
        ("'on'", "text", "on"),
        ("America/New_York", "text", "America/New_York"),
        ("ruleengine/v1", "text", "ruleengine/v1"),
        ("oNe", "text", "oNe"),
        ("M1Scalper", "id", "M1Scalper"),
        ("max-spread_2", "id", "max-spread_2"),
        ('"005930"', "id", "005930"),
        ("true", "boolean", True),
        ("false", "boolean", False),
        ("0.9", "number", Decimal("0.9")),
        ("-.5", "number", Decimal("-0.5")),
        ("+12.", "number", Decimal(12)),
        ("9" * 40, "number", Decimal("9" * 40)),
        ("12", "integer", 12),
        ("-0", "integer", 0),
    ],
)
def test_read(text: str, expects: Any, value: object) -> None:
    assert read(node_of(text), expects) == (value, [])


@pytest.mark.parametrize(
    ("text", "expects", "code", "helps"),
    [
        # true and false in other words
        *[
            (word, "boolean", "RE151", "`true`")
            for word in ("yes", "Yes", "YES", "on", "On", "ON", "y", "Y", "True", "TRUE")
        ],
        *[(word, "boolean", "RE151", "`false`") for word in ("no", "No", "NO", "off", "Off", "OFF", "n", "N", "False")],
        *[(word, "text", "RE151", f'`"{word}"`') for word in ("yes", "no", "on", "off", "y", "n", "True", "FALSE")],
        ("on", "id", "RE151", '`"on"`'),
        ("true", "text", "RE169", '`"true"`'),
        ("true", "number", "RE169", "value that is meant"),
        ("maybe", "boolean", "RE163", "`true` or `false`"),
        ('"true"', "boolean", "RE168", "without quotes"),
        ("1", "boolean", "RE163", "`true` or `false`"),
        # dates and times
        ("2026-11-21", "text", "RE152", '`"2026-11-21"`'),
        ("2026-11-21 10:00:00 +09:00", "text", "RE152", '`"2026-11-21 10:00:00 +09:00"`'),
        ("2026-11-21T10:00:00Z", "text", "RE152", '`"2026-11-21T10:00:00Z"`'),
        ("22:30", "text", "RE153", '`"22:30"`'),
        ("9:00", "text", "RE153", '`"09:00"`'),
        ("1:30:00", "quantity", "RE153", '`"1:30:00"`'),
        ("190:20:30.15", "number", "RE153", "quote it"),
        # numbers that readers disagree about
        ("000660", "text", "RE154", '`"000660"`'),
        ("005930", "id", "RE154", '`"005930"`'),
        ("007", "number", "RE154", "`7`"),
        ("00.5", "number", "RE154", "`0.5`"),
        (".inf", "number", "RE155", "finite"),
        ("-.Inf", "quantity", "RE155", "finite"),
        (".nan", "text", "RE155", '`".nan"`'),
        ("0x1F", "number", "RE156", "`31`"),
        ("0o17", "integer", "RE156", "`15`"),
        ("0b101", "integer", "RE156", "`5`"),
        ("0x1F", "text", "RE156", '`"0x1F"`'),
        ("1e3", "number", "RE157", "`1000`"),
        ("1.5E-2", "number", "RE157", "`0.015`"),
        ("1e3", "text", "RE157", '`"1e3"`'),
        ("15_000", "number", "RE158", "`15000`"),
        ("15_000", "quantity", "RE158", "`15000`"),
        ("15_000", "text", "RE158", '`"15_000"`'),
        # nothing
        ("", "expression", "RE150", "delete the key"),
        ("", "text", "RE150", "delete the key"),
        ('" "', "expression", "RE150", "delete the key"),
        ("null", "text", "RE159", '`"null"`'),
        ("~", "number", "RE159", "delete the key"),
        ("~", "expression", "RE159", "delete the key"),
        # the wrong kind
        ("42", "text", "RE167", '`"42"`'),
        ("1.10", "text", "RE167", '`"1.10"`'),
        ("42", "id", "RE167", '`"42"`'),
        ("high", "number", "RE160", "digits"),
        ("1.2pips", "number", "RE160", "digits"),
        ('"0.9"', "number", "RE168", "`0.9` without quotes"),
        ("2.5", "integer", "RE162", "without decimals"),
        ("9" * 41, "number", "RE161", "round"),
        ("9" * 41 + "%", "quantity", "RE161", "round"),
        ("1.2 pips", "quantity", "RE164", "`1.2pips`"),
        ("1,2pips", "quantity", "RE164", "`1.2pips`"),
        ("1 000units", "quantity", "RE164", "`1_000units`"),
        ("1e3pips", "quantity", "RE164", "unit attached"),
        ("pips", "quantity", "RE164", "unit attached"),
        ("2h30m", "quantity", "RE164", "unit attached"),
        ("max spread", "id", "RE165", "`max-spread`"),
        ("-x", "id", "RE165", "`x`"),
        ("한국", "id", "RE165", "letters"),
        ("1.10", "version", "RE166", "`1.10.0`"),
        ("v1.2.3", "version", "RE166", "`1.2.3`"),
        ("latest", "version", "RE166", "`1.3.0`"),
        ('never above 2 pips"', "text", "RE147", '`"never above 2 pips"`'),
    ],
)
def test_refused_with_the_spelling_that_helps(text: str, expects: Any, code: str, helps: str) -> None:
    value, found = read(node_of(text), expects)
    assert value is None
    assert [finding.code for finding in found] == [code]
    assert found[0].help is not None
    assert helps in found[0].help
    assert found[0].span.line == 1


# YAML 1.2's core schema, from chapter 10.3.2 of its specification
CORE_1_2 = (
    (r"null|Null|NULL|~|", "null"),
    (r"true|True|TRUE|false|False|FALSE", "bool"),
    (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "int"),
    (r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN", "float"),
)


def test_whatever_either_version_of_yaml_does_not_read_as_text_is_known() -> None:
    """Against PyYAML's 1.1 resolver and 1.2's own table, on all texts of up to 5 characters of a small alphabet."""
    import itertools
    import re

    resolver: Any = yaml.SafeLoader("")
    core = [re.compile(pattern) for pattern, _ in CORE_1_2]
    alphabet = "01_.:-+exo~"
    for size in range(1, 6):
        for letters in itertools.product(alphabet, repeat=size):
            text = "".join(letters)
            in_1_1 = resolver.resolve(yaml.ScalarNode, text, (True, False)) != "tag:yaml.org,2002:str"
            in_1_2 = any(pattern.fullmatch(text) for pattern in core)
            assert (what_yaml_reads(text) is not None) >= (in_1_1 or in_1_2), text


@pytest.mark.parametrize(
    "word",
    [
        *["yes", "Yes", "YES", "no", "No", "NO", "true", "True", "TRUE", "false", "False", "FALSE"],
        *["on", "On", "ON", "off", "Off", "OFF", "y", "Y", "n", "N", "null", "Null", "NULL", "~", "=", "<<"],
        *["2026-1-1", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43.10 -5", "0b1", "0x_", ".5", "-.INF", ".NaN"],
        *["685.230_15e+03", "190:20:30.15", "685_230.15", "02472256", "0x_0A_74_AE", "0b1010_0111", "+12e03"],
    ],
)
def test_words_of_the_types_repository_are_known(word: str) -> None:
    assert what_yaml_reads(word) is not None


@pytest.mark.parametrize(
    "word", ["yEs", "nO", "tRue", "none", "nil", "1.2.3", "1.2pips", "a:b", "0xG", "-", ".", "12h"]
)
def test_words_that_are_text_for_everyone_are_left_alone(word: str) -> None:
    assert what_yaml_reads(word) is None


def test_a_map_of_one_entry_without_a_space_is_told() -> None:
    document, _ = load_bytes(b"features:\n  gap:abs(mid)\nother:\n  gap abs\nplain:\n  https://x\n", "x.yaml")
    assert document is not None
    assert isinstance(document.root, MapNode)
    found = [map_meant(item.value) for item in document.root if isinstance(item.value, ScalarNode)]
    assert [(finding.code, finding.span.line, finding.span.col) if finding else None for finding in found] == [
        ("RE132", 2, 3),
        ("RE142", 4, 3),
        None,
    ]
