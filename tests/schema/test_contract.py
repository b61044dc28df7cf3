"""The published schema and the walk give one verdict: neither lets pass what the other refuses, over many documents."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ruleengine.load import Document, MapNode, load_bytes, load_file
from ruleengine.schema.contract import Refusal, as_json, is_accepted, refusals
from ruleengine.schema.policy import Policy
from ruleengine.schema.shape import shape
from tests.rejected.breakages import breakages
from tests.rejected.cases import HERE, cases_of

SAMPLE = HERE / "sample.policy.yaml"

BY_MEANING = {
    "RE150", "RE151", "RE152", "RE153", "RE154", "RE155", "RE156", "RE157", "RE158", "RE159", "RE161", "RE164", "RE167",
    "RE168", "RE209", "RE214", "RE215", "RE216", "RE217", "RE218",
}  # fmt: skip
"""What a JSON Schema cannot say: values that readers of YAML disagree about, uniqueness, calendars, bounds."""


def load(text: str) -> Document | None:
    return load_bytes(text.encode(), "policy.yaml")[0]


def test_the_sample_satisfies_the_schema() -> None:
    document, _ = load_file(SAMPLE)
    assert document is not None
    assert refusals(document.root, Policy) == []
    assert shape(document, confirm=True)[1] == []


def test_the_schema_never_refuses_what_the_compiler_takes() -> None:
    """Over every breakage of the sample: some are no fault of shape, and those satisfy the schema."""
    taken = refused = 0
    for broken in breakages(SAMPLE.read_text(encoding="utf-8")):
        document = load(broken.text)
        if document is None:
            continue
        policy, found = shape(document)
        assert "RE219" not in {each.code for each in found}, (str(broken), found)
        if policy is not None:
            assert is_accepted(document.root, Policy), (str(broken), refusals(document.root, Policy))
            taken += 1
        else:
            refused += 1
    assert taken > 100
    assert refused > 200


def test_the_schema_refuses_what_it_can_of_what_the_compiler_refuses() -> None:
    """An editor shows the same fault, unless only the meaning of a value tells it."""
    for name in ("document", "keys", "kinds", "relations"):
        for case in cases_of(HERE / f"{name}.yaml"):
            document = case.document()
            codes = {fault.code for fault in case.expected}
            if not codes <= BY_MEANING:
                assert not is_accepted(document.root, Policy), case.title


def test_what_only_the_schema_refuses_is_told_at_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """RE219: should walk and schema ever disagree, nothing goes unsaid."""
    document, _ = load_file(SAMPLE)
    assert document is not None
    refusal = Refusal(("guards", 0, "id"), "no such guard")
    monkeypatch.setattr("ruleengine.schema.contract.refusals", lambda root, model: [refusal])
    policy, found = shape(document, confirm=True)
    assert policy is None
    line = 1 + SAMPLE.read_text(encoding="utf-8").split("\n").index("  - id: spread")
    assert [(each.code, each.span.line) for each in found] == [("RE219", line)]


def test_a_policy_without_faults_does_not_wait_for_jsonschema() -> None:
    """The library takes longer to load than a hundred policies take to be shaped; a fault loads it."""
    program = (
        "import sys; from ruleengine.resolve import compose\n"
        "for path in sys.argv[1:]: print(compose(path)[0] is not None, 'jsonschema' in sys.modules)"
    )
    files = [str(SAMPLE), str(HERE / "minimal.yaml"), str(HERE / "keys.yaml")]
    run = subprocess.run([sys.executable, "-c", program, *files], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["True False", "True False", "False True"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("1.5", 1.5),
        ("true", True),
        ("'true'", "true"),
        ("92%", "92%"),
        ("1e3", "1e3"),
        ('"21:00"', "21:00"),
        ("[a, 2]", ["a", 2]),
    ],
)
def test_values_are_seen_as_any_reader_of_yaml_sees_them(text: str, value: object) -> None:
    document = load(f"key: {text}")
    assert document is not None
    assert isinstance(document.root, MapNode)
    assert as_json(document.root) == {"key": value}
