"""`validate`: every file by its kind, all findings at once, in each format; never a silent 0."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ruleengine.cli import documents
from tests.cli.asking import ACCOUNT, COMMAND, POLICY, ask

POLICIES = Path(__file__).parents[2] / "policies"
BROKEN = POLICY.replace("spread <= 1.2pips", "spraed <= 1.2pips").replace("mid <= dip", "dip <= 5pips")


@pytest.fixture
def broken(world: Path) -> Path:
    """The policy with a misspelt fact on line 21 and a wrong unit on line 19."""
    (world / "broken.policy.yaml").write_text(BROKEN, encoding="utf-8")
    return world / "broken.policy.yaml"


def test_a_sound_folder_is_clean(world: Path) -> None:
    found = ask("validate", ".")
    assert (found.code, found.out, found.err) == (0, "no findings\n2 files checked\n", "")


def test_findings_say_place_code_and_remedy(broken: Path) -> None:
    found = ask("validate", "broken.policy.yaml")
    assert found.code == 1
    assert found.err == ""
    assert "broken.policy.yaml:19:" in found.out
    assert "broken.policy.yaml:21:56: RE320" in found.out
    line = BROKEN.splitlines()[20]
    assert f"21 | {line}\n   | {' ' * line.index('spraed')}^^^^^^" in found.out
    assert "did you mean `spread`?" in found.out
    assert found.out.endswith("2 errors in 1 file\n1 file checked\n")


def test_json_is_all_that_stands_on_stdout(broken: Path, world: Path) -> None:
    found = ask("validate", ".", "--format", "json")
    report = json.loads(found.out)
    assert found.code == 1
    assert report["summary"] == {"errors": 2, "warnings": 0, "infos": 0, "files": 1, "checked": 3}
    places = [(each["file"], each["line"], each["column"]) for each in report["findings"]]
    assert places[1] == ("broken.policy.yaml", 21, 56)


TABLE = """\
tables:
  width:
    by: [signal.side]
    columns: {most: {unit: pips}}
    rows:
      - {when: {signal.side: long}, values: {most: 1.2pips}}
      - {otherwise: true, values: {most: 1pips}}
"""


def test_tables_are_shown_where_they_are_asked_for(world: Path) -> None:
    text = POLICY.replace("spread <= 1.2pips", "spread <= width.most").replace("guards:", TABLE + "guards:", 1)
    (world / "tables.policy.yaml").write_text(text, encoding="utf-8")
    found = ask("validate", "tables.policy.yaml", "--tables")
    assert found.code == 0, found.out
    shown = [line.split() for line in found.out.splitlines() if line.startswith("  ")]
    assert shown[:3] == [["signal.side", "most"], ["long", "1.2pips"], ["short", "1pips"]]
    report = json.loads(ask("validate", "tables.policy.yaml", "--tables", "--format", "json").out)
    assert report["tables"]["tables.policy.yaml"][0]["rows"] == [["long", "1.2pips"], ["short", "1pips"]]
    assert "most" not in ask("validate", "tables.policy.yaml").out


def test_github_annotations(broken: Path) -> None:
    found = ask("validate", "broken.policy.yaml", "--format", "github")
    assert found.code == 1
    assert "::error file=broken.policy.yaml,line=21,endLine=21,col=56,endColumn=61,title=RE320::" in found.out


def test_nothing_to_check_is_wrong_use(tmp_path: Path) -> None:
    assert ask("validate", tmp_path).code == 2
    missing = ask("validate", tmp_path / "none.yaml")
    assert (missing.code, missing.out) == (2, "")
    assert "no such file or folder" in missing.err


def test_a_file_is_checked_once_however_often_it_is_named(world: Path) -> None:
    assert ask("validate", "small.policy.yaml", "small.policy.yaml").out.endswith("1 file checked\n")


def test_values_that_are_set_are_checked(world: Path) -> None:
    assert ask("validate", "small.policy.yaml", "--set", "dip=157").code == 0
    for given in ("dip=5pips", "depth=1", "dip"):
        found = ask("validate", "small.policy.yaml", "--set", given)
        assert found.code == 1
        assert "--set" in found.out


def test_a_policy_that_the_account_cannot_carry(world: Path) -> None:
    account = (world / "small.account.yaml").read_text(encoding="utf-8")
    (world / "netting.account.yaml").write_text(account.replace("mode: hedging", "mode: netting"), encoding="utf-8")
    found = ask("validate", "small.policy.yaml", "--account", "netting.account.yaml")
    assert found.code == 1
    assert "hedging" in found.out


VENUE_ACCOUNT = """\
apiVersion: ruleengine/v1
kind: Account
name: desk
currency: JPY
mode: hedging
venue: {name: okx}
"""


def test_an_account_at_a_venue_holds_the_policy_against_that_venue(world: Path) -> None:
    """OKX has no yen and no `USD_JPY`, which `run` with this file would say."""
    (world / "okx.account.yaml").write_text(VENUE_ACCOUNT, encoding="utf-8")
    found = ask("validate", "small.policy.yaml", "--account", "okx.account.yaml")
    assert found.code == 1
    assert "`okx` has no accounts in JPY" in found.out
    two = ask("validate", "small.policy.yaml", "--account", "okx.account.yaml", "--adapter", "oanda")
    assert (two.code, two.err.splitlines()[0]) == (
        2, "ruleengine: --adapter oanda, but okx.account.yaml is an account of okx",
    )  # fmt: skip


SHIPPED = {"oanda": "fx_hedge/fx-hedge", "okx": "crypto_scaling/crypto-scaling", "kis": "kr_pyramiding/kr-pyramiding"}


@pytest.mark.parametrize("venue", SHIPPED)
@pytest.mark.parametrize("made_for", SHIPPED)
def test_a_shipped_policy_is_refused_where_it_could_not_trade(made_for: str, venue: str) -> None:
    policy = POLICIES / f"{SHIPPED[made_for]}.policy.yaml"
    overlay = ("--overlay", str(policy.parent / "kis.overlay.yaml")) if made_for == "kis" else ()
    found = ask("validate", str(policy), "--adapter", venue, *overlay)
    assert found.code == (0 if made_for == venue else 1), found.out
    if made_for != venue:
        assert "RE506" in found.out


def test_a_venue_that_is_none(world: Path) -> None:
    found = ask("validate", "small.policy.yaml", "--adapter", "papr")
    assert found.code == 2
    assert "did you mean paper?" in found.err


def test_a_pipe_without_a_writer_holds_nothing_up(world: Path) -> None:
    os.mkfifo(world / "pipe.policy.yaml")
    for arguments in (["pipe.policy.yaml"], ["small.policy.yaml", "--account", "pipe.policy.yaml"]):
        found = subprocess.run(
            [COMMAND, "validate", *arguments], capture_output=True, text=True, timeout=30, check=False
        )
        assert found.returncode != 0
        assert "pipe.policy.yaml:1:1: RE103" in found.stdout + found.stderr
        assert "it is a pipe" in found.stdout + found.stderr


@pytest.mark.parametrize(
    "text",
    [
        "# a long preface\n" * 500 + ACCOUNT,
        ACCOUNT.replace("kind: Account", "'kind'   : \"Account\""),
        ACCOUNT.replace("\n", "\r\n"),
        json.dumps(yaml.safe_load(ACCOUNT)),
    ],
    ids=["behind-a-long-comment", "quoted", "windows", "json"],
)
def test_the_kind_is_what_the_document_says(world: Path, text: str) -> None:
    (world / "other.yaml").write_text(text, encoding="utf-8")
    found = ask("validate", "other.yaml")
    assert (found.code, found.out) == (0, "no findings\n1 file checked\n")


def test_a_kind_in_a_comment_or_a_text_is_none(world: Path) -> None:
    text = POLICY.replace("dip: {unit: price, default: 156.9, doc: price at which TrendMA buys}", DOCUMENTED)
    (world / "small.policy.yaml").write_text(f"# not kind: Account\n{text}", encoding="utf-8")
    found = ask("validate", "small.policy.yaml")
    assert (found.code, found.out) == (0, "no findings\n1 file checked\n")


DOCUMENTED = """dip:
    unit: price
    default: 156.9
    doc: |
      beside an
      kind: Account"""


def test_a_fault_of_ours_in_one_file_keeps_the_findings_of_the_others(
    broken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good: Any = vars(documents)["checked"]

    def checked(file: Path, *rest: Any) -> Any:
        if file.name == "desk.policy.yaml":
            raise IndexError("list index out of range")
        return good(file, *rest)

    (broken.parent / "desk.policy.yaml").write_text(POLICY, encoding="utf-8")
    monkeypatch.setattr(documents, "checked", checked)
    found = ask("validate", broken, "desk.policy.yaml")
    assert found.code == 2
    assert "RE320" in found.out
    assert "desk.policy.yaml:1:1: RE901 internal error: IndexError: list index out of range" in found.out
    monkeypatch.setenv("RULEENGINE_TRACEBACK", "1")
    with pytest.raises(IndexError):
        ask("validate", "desk.policy.yaml")


MAPPING = """\
name: bids
format: csv
tables: [{kind: quote, time: {columns: [at], form: iso, zone: stated}, columns: {bid: b, ask: a}}]
"""
LOG = "kind: decisions\nname: log\nfields: {}\n"


def test_a_mapping_beside_policies_is_checked_as_one(world: Path) -> None:
    (world / "bids.mapping.yaml").write_text(MAPPING, encoding="utf-8")
    # in a process of its own: what reads mappings says something at its end too
    said = subprocess.run(
        [sys.executable, "-m", "ruleengine.cli.main", "validate", "."],
        capture_output=True,
        text=True,
        cwd=world,
        check=False,
    )
    assert (said.returncode, said.stdout, said.stderr) == (0, "no findings\n3 files checked\n", "")


@pytest.mark.parametrize(("text", "says"), [(MAPPING.replace("csv", "xml"), "format"), (LOG, "fields")])
def test_what_a_mapping_says_wrong(world: Path, text: str, says: str) -> None:
    (world / "bids.mapping.yaml").write_text(text, encoding="utf-8")
    said = ask("validate", ".")
    assert (said.code, said.err) == (1, "")
    assert said.out.startswith("bids.mapping.yaml:1:1: RE4")
    assert says in said.out


def test_the_shipped_folders_are_clean() -> None:
    root = Path(__file__).parents[2]
    starters = [root / "ruleengine/cli/starters" / each for each in ("fx", "crypto", "stocks")]
    said = ask("validate", root / "policies", *starters)
    assert (said.code, said.out.splitlines()[0]) == (0, "no findings")


@pytest.mark.parametrize(
    "asked",
    [
        ("run", "--policy", "small.policy.yaml", "--account", "twice.account.yaml", "--duration", "1s"),
        (
            "dry-run",
            "--policy",
            "small.policy.yaml",
            "--account",
            "twice.account.yaml",
            "--data",
            "quotes",
            "--out",
            "o",
        ),
        ("validate", "small.policy.yaml", "--account", "twice.account.yaml"),
    ],
)
def test_an_account_that_states_something_twice_is_used_by_no_command(world: Path, asked: tuple[str, ...]) -> None:
    """Which of the two balances counts, the reader of the file would have to guess."""
    (world / "twice.account.yaml").write_text(ACCOUNT + "balance: 5JPY\n", encoding="utf-8")
    said = ask(*asked)
    assert said.code == (15 if asked[0] == "run" else 1)
    assert "twice.account.yaml:" in said.out + said.err
    assert "RE123 key `balance` is written twice" in said.out + said.err
