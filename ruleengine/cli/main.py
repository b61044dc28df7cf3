"""`ruleengine`: one word a command. Nothing heavy is imported here; each command imports its own file when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(
    name="ruleengine",
    help="A declarative rules engine for trading: policies in YAML, the same decisions in dry run, paper and live.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)

PolicyOption = Annotated[Path, typer.Option("--policy", "-p", help="Policy file.", show_default=False)]
SetOption = Annotated[
    list[str], typer.Option("--set", help="Parameter of the policy, name=value; repeatable.", show_default=False)
]
OverlayOption = Annotated[
    list[Path], typer.Option("--overlay", help="Overlay file; repeatable, later ones win.", show_default=False)
]
AccountOption = Annotated[
    Path | None,
    typer.Option("--account", help="Account file; by default the policy's own folder's.", show_default=False),
]
SignalsOption = Annotated[
    str | None,
    typer.Option("--signals", help="JSON lines: a file, - for standard input, or a socket's path.", show_default=False),
]
FormatText = Annotated[Literal["text", "json"], typer.Option("--format", help="Output on stdout.")]


@app.command(epilog="Example: ruleengine validate policies/ --format github")
def validate(
    paths: Annotated[
        list[Path], typer.Argument(help="Policy, account, scenario or overlay files, or folders.", show_default=False)
    ],
    format: Annotated[
        Literal["text", "json", "github"], typer.Option("--format", help="text, json, or GitHub annotations.")
    ] = "text",
    set: SetOption = [],  # noqa: B006  typer reads the default as a literal
    overlay: OverlayOption = [],  # noqa: B006
    account: AccountOption = None,
    adapter: Annotated[
        str | None, typer.Option("--adapter", help="Venue whose capabilities the policy must fit.", show_default=False)
    ] = None,
) -> None:
    """Check files; exit 0 clean, 1 findings, 2 usage or internal error."""
    from ruleengine.cli.validate import validate as command

    raise typer.Exit(command(paths, format, set, overlay, account, adapter))


@app.command(name="test", epilog="Example: ruleengine test policies/")
def run_scenarios(
    paths: Annotated[list[Path], typer.Argument(help="Scenario files, or folders that hold some.", show_default=False)],
    format: FormatText = "text",
) -> None:
    """Run scenarios; exit 0 all passed, 1 any failed, 2 usage or internal error, or no scenario at all."""
    from ruleengine.cli.test import test as command

    raise typer.Exit(command(paths, format))


@app.command(epilog="Example: ruleengine schema policy --draft 7 > policy.schema.json")
def schema(
    kind: Annotated[str, typer.Argument(help="policy, account, signal, scenario, recording or decision.")] = "policy",
    draft: Annotated[Literal["2020-12", "7"], typer.Option("--draft", help="Draft of JSON Schema.")] = "2020-12",
    write_all: Annotated[
        bool, typer.Option("--write-all", help="Rewrite schemas/ and the tables in docs/ of this checkout.")
    ] = False,
) -> None:
    """Print a published JSON Schema."""
    from ruleengine.cli.schema import schema as command

    raise typer.Exit(command(kind, draft, write_all))


@app.command(epilog="Example: ruleengine explain RE305")
def explain(
    code: Annotated[
        str, typer.Argument(help="Code of a finding, or `facts`, `functions`, `units`.", show_default=False)
    ],
) -> None:
    """The page of a finding: what it says, why it matters, a bad example and the better one."""
    from ruleengine.cli.explain import explain as command

    raise typer.Exit(command(code))


@app.command(
    epilog="Example: ruleengine graph --policy policies/fx_hedge/fx-hedge.policy.yaml --format html --out graph.html"
)
def graph(
    policy: PolicyOption,
    format: Annotated[
        Literal["mermaid", "dot", "html", "json", "python"],
        typer.Option("--format", help="python: the module that runs."),
    ] = "mermaid",
    out: Annotated[Path | None, typer.Option("--out", help="File; by default stdout.", show_default=False)] = None,
    set: SetOption = [],  # noqa: B006
    overlay: OverlayOption = [],  # noqa: B006
) -> None:
    """Draw the policy's evaluation graph, or print the Python that it runs as."""
    from ruleengine.cli.graph import graph as command

    raise typer.Exit(command(policy, format, out, set, overlay))


@app.command(
    name="import",
    epilog="Example: ruleengine import usdjpy.csv --preset oanda-m1-mid --instrument USD_JPY --out recordings/usdjpy",
)
def import_(
    inputs: Annotated[list[Path] | None, typer.Argument(help="Files as they came from their source.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the recording.")] = None,
    preset: Annotated[str | None, typer.Option("--preset", help="Named mapping; `--preset list` shows all.")] = None,
    mapping: Annotated[Path | None, typer.Option("--mapping", help="Mapping file (YAML), for other sources.")] = None,
    instrument: Annotated[str | None, typer.Option("--instrument", help="Instrument's name.")] = None,
    venue: Annotated[str | None, typer.Option("--venue", help="Venue's name in the recording.")] = None,
    zone: Annotated[str | None, typer.Option("--zone", help="Zone of a clock that the source does not state.")] = None,
    interval: Annotated[str | None, typer.Option("--interval", help="Length of bars, as 5m.")] = None,
    session: Annotated[str | None, typer.Option("--session", help="Trading hours to tell gaps from pauses.")] = None,
    price_band: Annotated[
        str | None, typer.Option("--price-band", help="LOW:HIGH; prices outside are reported and flagged.")
    ] = None,
    divide_by: Annotated[int | None, typer.Option("--divide-by", help="Scale of fixed-point columns.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing recording.")] = False,
    format: FormatText = "text",
) -> None:
    """Bring recorded data in, with every defect counted and reported."""
    from ruleengine.cli.import_ import declared
    from ruleengine.cli.import_ import import_recordings as command

    overrides = declared(zone, interval, session, price_band, divide_by)
    raise typer.Exit(command(inputs or [], out, preset, mapping, instrument, venue, overrides, force, format))


@app.command(epilog="Example: ruleengine run --policy policies/fx_hedge/fx-hedge.policy.yaml --duration 45s")
def run(
    policy: PolicyOption,
    data: Annotated[
        list[Path],
        typer.Option(
            "--data", help="Replay this recording instead of the simulated market; repeatable.", show_default=False
        ),
    ] = [],  # noqa: B006
    account: AccountOption = None,
    signals: SignalsOption = None,
    speed: Annotated[
        str, typer.Option("--speed", help="1 is real time, 60 an hour a minute, max as fast as possible.")
    ] = "60",
    duration: Annotated[
        str | None,
        typer.Option("--duration", help="Stop after this much wall time, such as 45s or 10min.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the simulated market and the paper venue.")] = 1,
    journal: Annotated[
        Path | None, typer.Option("--journal", help="Folder of the journal.", show_default=False)
    ] = None,
    set: SetOption = [],  # noqa: B006
    overlay: OverlayOption = [],  # noqa: B006
    format: FormatText = "text",
) -> None:
    """Run a policy on the paper venue, live, until Ctrl-C, --duration or the end of the data."""
    from ruleengine.cli.run import run as command

    raise typer.Exit(command(policy, data, account, signals, speed, duration, seed, journal, set, overlay, format))


@app.command(
    name="dry-run",
    epilog="Example: ruleengine dry-run --policy p.policy.yaml --data recordings/usdjpy --from 2013-02-04 --out out/",
)
def dry_run(
    policy: PolicyOption,
    data: Annotated[list[Path], typer.Option("--data", help="Recording; repeatable.", show_default=False)],
    account: AccountOption = None,
    signals: SignalsOption = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", help="First instant (UTC), as 2013-02-04 or 2013-02-04T07:00.", show_default=False),
    ] = None,
    to: Annotated[str | None, typer.Option("--to", help="Last instant (UTC), exclusive.", show_default=False)] = None,
    set: SetOption = [],  # noqa: B006
    overlay: OverlayOption = [],  # noqa: B006
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for decisions (Parquet, JSON lines) and the summary.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the paper venue.")] = 1,
    format: FormatText = "text",
) -> None:
    """Run a policy over recorded data, with the same decisions as live, and report."""
    from ruleengine.cli.dry_run import dry_run as command

    raise typer.Exit(command(policy, data, account, signals, from_, to, set, overlay, out, seed, format))


@app.command(epilog="Example: ruleengine why --at 2013-02-05T13:30 --instrument USD_JPY --from result/")
def why(
    id: Annotated[str | None, typer.Argument(help="Decision or order id.", show_default=False)] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", help="Instant (UTC): what was decided then, or why nothing was.", show_default=False),
    ] = None,
    instrument: Annotated[
        str | None, typer.Option("--instrument", help="With --at: this instrument only.", show_default=False)
    ] = None,
    from_: Annotated[
        Path | None,
        typer.Option("--from", help="Journal, or folder of a dry run; by default the last run's.", show_default=False),
    ] = None,
    format: FormatText = "text",
) -> None:
    """Explain a decision as a tree, or what kept an order from being sent."""
    from ruleengine.cli.why import why as command

    raise typer.Exit(command(id, at, instrument, from_, format))


def main() -> None:
    """The console script: every failure of ours is one sentence on stderr and exit code 2."""
    from ruleengine.cli.failure import guarded

    guarded(app)


if __name__ == "__main__":
    main()
