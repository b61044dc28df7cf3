"""The commands of `ruleengine`: one word each. Nothing heavy is imported here; each imports its own file when it
runs.

A command's first sentence is its line in the overview, so it is short.
"""

# annotations are not postponed here: typer would compile each of them again at every start
from pathlib import Path
from typing import Annotated, Literal

import typer

from ruleengine.cli.operate_commands import app as operations
from ruleengine.cli.options import (
    Account,
    AccountId,
    Adapter,
    Address,
    Format,
    Live,
    Overlays,
    Policy,
    Seed,
    Sets,
    SignalFile,
    SignalSource,
    argument,
    option,
)
from ruleengine.cli.report_commands import app as reports

app = typer.Typer(
    name="ruleengine",
    help="A declarative rules engine for trading: policies in YAML, the same decisions in dry run, paper and live.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)


@app.command(epilog="Example: ruleengine init fx my-desk")
def init(
    kind: Annotated[Literal["fx", "crypto", "stocks"], argument("What to begin with.", "KIND")],
    folder: Annotated[Path, argument("Where; by default here.", "FOLDER")] = Path(),
) -> None:
    """Write a first policy with scenarios, account and CI file.

    Exit code 0: written, 2: something of that name is already there.
    """
    from ruleengine.cli.init import init as command

    raise typer.Exit(command(kind, folder))


@app.command(epilog="Example: ruleengine validate policies/ --format github")
def validate(
    paths: Annotated[list[Path], argument("Policy, account, overlay, scenario or mapping files, or folders.", "PATH")],
    format: Annotated[
        Literal["text", "json", "github"],
        option("--format", help="Output on stdout; github: annotations.", show_default=True),
    ] = "text",
    set: Sets = [],  # noqa: B006  typer reads the default as a literal
    overlay: Overlays = [],  # noqa: B006
    account: Annotated[
        Path | None, option("--account", help="Account that the policies must fit.", metavar="FILE")
    ] = None,
    adapter: Annotated[
        str | None, option("--adapter", help="Venue whose abilities the policies must fit.", metavar="NAME")
    ] = None,
    tables: Annotated[
        bool, option("--tables", help="Show what decision tables give for each combination of their keys.")
    ] = False,
) -> None:
    """Check policies, accounts, overlays, scenarios and mappings.

    Exit code 0: clean, 1: findings, 2: wrong use, nothing to check, or a fault of ours.
    """
    from ruleengine.cli.validate import validate as command

    raise typer.Exit(command(paths, format, set, overlay, account, adapter, tables))


@app.command(name="test", epilog="Example: ruleengine test policies/")
def run_scenarios(
    paths: Annotated[list[Path] | None, argument("Scenario files, or folders that hold some.", "PATH")] = None,
    format: Annotated[
        Literal["text", "json", "junit"],
        option("--format", help="Output on stdout; junit: XML for CI.", show_default=True),
    ] = "text",
    verbose: Annotated[bool, option("--verbose", "-v", help="Show what was decided, in order.")] = False,
    coverage: Annotated[
        bool, option("--coverage", help="Which conditions were seen true, false, unknown; which rows were used.")
    ] = False,
    min_coverage: Annotated[
        float | None, option("--min-coverage", help="Fail below this coverage.", metavar="PERCENT", min=0, max=100)
    ] = None,
    from_decision: Annotated[
        str | None, option("--from-decision", help="Write a scenario from a decision of a run instead.", metavar="ID")
    ] = None,
    journal: Annotated[
        Path | None, option("--journal", help="With --from-decision: the run's journal.", metavar="FOLDER")
    ] = None,
    dry_run: Annotated[
        Path | None, option("--dry-run", help="With --from-decision: a dry run's --out.", metavar="FOLDER")
    ] = None,
    out: Annotated[Path | None, option("--out", help="With --from-decision: the file.", metavar="FILE")] = None,
) -> None:
    """Run scenarios: a written state, and what has to happen on it.

    Exit code 0: all passed, 1: any failed, or too little is covered, 2: wrong use, or no scenario at all.
    """
    if from_decision is not None:
        from ruleengine.cli.capture import capture

        raise typer.Exit(capture(from_decision, paths, journal, dry_run, out))
    from ruleengine.cli.test import Wish
    from ruleengine.cli.test import test as command

    raise typer.Exit(command(paths or [], Wish(format, verbose, coverage, min_coverage)))


@app.command(epilog="Example: ruleengine schema policy --draft 7 > policy.schema.json")
def schema(
    kind: Annotated[
        str, argument("policy, account, overlay, signal, scenario, recording or decision; by default policy.", "KIND")
    ] = "policy",
    draft: Annotated[
        Literal["2020-12", "7"], option("--draft", help="Draft of JSON Schema.", show_default=True)
    ] = "2020-12",
    write_all: Annotated[
        bool, option("--write-all", help="Rewrite schemas/ and the tables in docs/ of this checkout.")
    ] = False,
) -> None:
    """Print a published JSON Schema."""
    from ruleengine.cli.schema import schema as command

    raise typer.Exit(command(kind, draft, write_all))


@app.command(epilog="Example: ruleengine explain RE305")
def explain(
    code: Annotated[str, argument("Code of a finding; or facts, functions, units for lists of words.", "CODE")],
) -> None:
    """Explain a finding, with a bad example and a better one."""
    from ruleengine.cli.explain import explain as command

    raise typer.Exit(command(code))


@app.command(
    epilog="Example: ruleengine graph --policy policies/fx_hedge/fx-hedge.policy.yaml --format html --out graph.html"
)
def graph(
    policy: Policy,
    format: Annotated[
        Literal["mermaid", "dot", "html", "json", "python"],
        option("--format", help="python: the module that runs.", show_default=True),
    ] = "mermaid",
    out: Annotated[Path | None, option("--out", help="File; by default stdout.", metavar="FILE")] = None,
    set: Sets = [],  # noqa: B006
    overlay: Overlays = [],  # noqa: B006
) -> None:
    """Draw a policy's evaluation graph, or print it as Python.

    Exit code 0: done, 1: the policy is refused, 2: wrong use.
    """
    from ruleengine.cli.graph import graph as command

    raise typer.Exit(command(policy, format, out, set, overlay))


@app.command(
    name="import",
    epilog="Example: ruleengine import usdjpy.csv --preset oanda-m1-mid --instrument USD_JPY --out recordings/usdjpy",
)
def import_(
    inputs: Annotated[list[Path] | None, argument("Files as they came from their source.", "FILE")] = None,
    out: Annotated[
        Path | None, option("--out", help="Folder of the recording, or of a log's import.", metavar="FOLDER")
    ] = None,
    preset: Annotated[
        str | None, option("--preset", help="Built-in mapping; `list` shows all.", metavar="NAME")
    ] = None,
    mapping: Annotated[Path | None, option("--mapping", help="Mapping for other sources.", metavar="FILE")] = None,
    instrument: Annotated[str | None, option("--instrument", help="Instrument's name.", metavar="NAME")] = None,
    venue: Annotated[str | None, option("--venue", help="Venue's name in the recording.", metavar="NAME")] = None,
    zone: Annotated[
        str | None, option("--zone", help="Zone of a clock that the source doesn't state.", metavar="ZONE")
    ] = None,
    interval: Annotated[str | None, option("--interval", help="Length of bars, as 5m.", metavar="TIME")] = None,
    session: Annotated[
        str | None, option("--session", help="Trading hours, to tell gaps from pauses.", metavar="NAME")
    ] = None,
    price_band: Annotated[
        str | None, option("--price-band", help="Prices outside are reported and flagged.", metavar="LOW:HIGH")
    ] = None,
    divide_by: Annotated[int | None, option("--divide-by", help="Scale of fixed-point columns.", metavar="N")] = None,
    force: Annotated[bool, option("--force", help="Replace an existing recording.")] = False,
    format: Format = "text",
) -> None:
    """Bring recorded data or logs in, and report their defects.

    Exit code 0: imported, whatever defects it reports, 1: the mapping is refused, 2: nothing was imported.
    """
    from ruleengine.cli.import_ import declared
    from ruleengine.cli.import_ import import_recordings as command

    overrides = declared(zone, interval, session, price_band, divide_by)
    raise typer.Exit(command(inputs or [], out, preset, mapping, instrument, venue, overrides, force, format))


@app.command(epilog="Example: ruleengine record --adapter oanda --instrument EUR_USD --out recordings/eurusd")
def record(
    adapter: Annotated[
        str | None,
        option("--adapter", help="Venue whose market is recorded; by default the account file's.", metavar="NAME"),
    ] = None,
    instrument: Annotated[
        list[str], option("--instrument", help="Instrument as the venue names it; repeatable.", metavar="NAME")
    ] = [],  # noqa: B006
    policy: Annotated[
        Path | None, option("--policy", "-p", help="A policy's instruments, with the past it reads.", metavar="FILE")
    ] = None,
    out: Annotated[Path | None, option("--out", help="Folder of the recording.", metavar="FOLDER")] = None,
    account: Annotated[Path | None, option("--account", help="Account file of the venue.", metavar="FILE")] = None,
    account_id: Annotated[str, option("--account-id", help="The venue's number of the account.", metavar="ID")] = "",
    address: Annotated[
        str, option("--address", help="In place of the venue's hosts: a simulator.", metavar="URL")
    ] = "",
    live: Annotated[str, option("--live", help="Name of a live account, once more.", metavar="NAME")] = "",
    signals: SignalSource = None,
    duration: Annotated[str | None, option("--duration", help="Stop after it, as 1h.", metavar="TIME")] = None,
    history: Annotated[str, option("--history", help="Past to fetch at least, as 2d.", metavar="TIME")] = "0s",
    finish: Annotated[
        Path | None, option("--finish", help="Finish what was interrupted in this folder.", metavar="FOLDER")
    ] = None,
    speed: Annotated[
        str, option("--speed", help="Of a simulated market, as `run`.", metavar="FACTOR", show_default=True)
    ] = "60",
    seed: Seed = 1,
    set: Sets = [],  # noqa: B006
    overlay: Overlays = [],  # noqa: B006
    format: Format = "text",
) -> None:
    """Record a venue's market for dry runs; no order is sent.

    It ends with Ctrl-C or --duration. Exit code 0: recorded, 1: the policy is refused, 2: wrong use, or the venue or
    the disk refuses, 143: terminated.
    """
    from ruleengine.cli.live_session import Reach
    from ruleengine.cli.record import record as command
    from ruleengine.cli.record_feed import Wish
    from ruleengine.cli.times import seconds_of, speed_of

    reach = Reach(adapter, account, account_id, address, live)
    past_ns = round(seconds_of(history, "--history") * 1e9)
    wanted = (reach, tuple(instrument), policy, tuple(overlay), tuple(set), signals, past_ns, speed_of(speed), seed)
    limit_s = seconds_of(duration, "--duration") if duration else None
    raise typer.Exit(command(Wish(*wanted), out, limit_s, finish, format))


@app.command(epilog="Example: ruleengine run --policy policies/fx_hedge/fx-hedge.policy.yaml --duration 45s")
def run(
    policy: Policy,
    data: Annotated[
        list[Path], option("--data", help="Recording instead of the simulated market; repeatable.", metavar="FOLDER")
    ] = [],  # noqa: B006
    account: Account = None,
    signals: SignalSource = None,
    speed: Annotated[
        str | None,
        option("--speed", help="On paper; 1: real time, 60: an hour a minute (the default), or max.", metavar="FACTOR"),
    ] = None,
    duration: Annotated[
        str | None, option("--duration", help="Stop after this wall time, as 45s or 10min.", metavar="TIME")
    ] = None,
    seed: Annotated[
        int | None, option("--seed", help="Seed of the paper venue and its market; by default 1.", metavar="N")
    ] = None,
    journal: Annotated[
        Path | None,
        option(
            "--journal",
            help="Folder of the journal; by default a new one, or the account's at a venue.",
            metavar="FOLDER",
        ),
    ] = None,
    set: Sets = [],  # noqa: B006
    overlay: Overlays = [],  # noqa: B006
    format: Annotated[
        Literal["text", "brief", "json"],
        option("--format", help="Output on stdout; brief: orders, refusals and result alone.", show_default=True),
    ] = "text",
    notify: Annotated[
        Literal["info", "warning", "alert"] | None,  # in the schema's order: typing keeps one of two that are equal
        option(
            "--notify", help="Tell people from this level on; alert where RULEENGINE_NOTIFY is set.", metavar="LEVEL"
        ),
    ] = None,
    adapter: Adapter = None,
    account_id: AccountId = "",
    address: Address = "",
    live: Live = "",
) -> None:
    """Run a policy live, on paper or on a real venue, with a summary.

    It ends with Ctrl-C, --duration or the end of the data. Exit code 0: clean stop, 2: wrong use, 12: journal
    damaged, 15: policy refused, 129: its terminal was closed, 143: terminated.
    """
    from ruleengine.cli.live_session import Reach
    from ruleengine.cli.run import run as command

    reach = Reach(adapter, account, account_id, address, live)
    given = (policy, data, account, signals, speed, duration, seed, journal, set, overlay, format, notify, reach)
    raise typer.Exit(command(*given))


@app.command(epilog="Example: ruleengine simulate oanda --port 8410 --set hedging=true")
def simulate(
    venue: Annotated[str, argument("Whose server.", "VENUE")],
    port: Annotated[int, option("--port", help="On this machine; 0: a free one.", metavar="N", show_default=True)] = 0,
    seed: Annotated[int, option("--seed", help="Seed of its market.", metavar="N", show_default=True)] = 1,
    set: Annotated[list[str], option("--set", help="Set an option; repeatable.", metavar="NAME=VALUE")] = [],  # noqa: B006
    options: Annotated[bool, option("--options", help="List the options, and stop.")] = False,
) -> None:
    """Serve a venue's simulator on this machine, for any client.

    Ctrl-C ends it. Exit code 0: done, 2: wrong use, or the port is taken.
    """
    from ruleengine.cli.simulate import list_options
    from ruleengine.cli.simulate import simulate as command

    raise typer.Exit(list_options(venue) if options else command(venue, port, seed, set))


@app.command(epilog="Example: ruleengine doctor --adapter oanda")
def doctor(
    adapter: Adapter = None,
    account: Annotated[Path | None, option("--account", help="Account file.", metavar="FILE")] = None,
    account_id: AccountId = "",
    address: Address = "",
    live: Live = "",
    format: Format = "text",
) -> None:
    """Ask a venue whether a run could trade there.

    Exit code 0: well, 1: something failed, 2: wrong use, or the venue can't be reached.
    """
    from ruleengine.cli.doctor import doctor as command
    from ruleengine.cli.live_session import Reach

    raise typer.Exit(command(Reach(adapter, account, account_id, address, live), format))


@app.command(
    name="dry-run",
    epilog="Example: ruleengine dry-run --policy p.policy.yaml --data recordings/usdjpy --from 2013-02-04 --out out/",
)
def dry_run(
    policy: Policy,
    data: Annotated[list[Path], option("--data", help="Recording; repeatable.", metavar="FOLDER")],
    account: Account = None,
    signals: SignalFile = None,
    from_: Annotated[
        str | None, option("--from", help="From then on (UTC), as 2013-02-04 or 2013-02-04T07:00.", metavar="TIME")
    ] = None,
    to: Annotated[str | None, option("--to", help="Until then (UTC), exclusive.", metavar="TIME")] = None,
    set: Sets = [],  # noqa: B006
    overlay: Overlays = [],  # noqa: B006
    out: Annotated[
        Path | None,
        option("--out", help="Folder for decisions, fills (Parquet, JSON lines) and summary.", metavar="FOLDER"),
    ] = None,
    force: Annotated[bool, option("--force", help="Replace an older result in --out.")] = False,
    seed: Seed = 1,
    format: Format = "text",
) -> None:
    """Run a policy over recorded data, as it would decide live.

    Exit code 0: done, 1: the policy is refused, 2: wrong use, or data that can't be read.
    """
    from ruleengine.cli.dry_run import dry_run as command

    raise typer.Exit(command(policy, data, account, signals, from_, to, set, overlay, out, force, seed, format))


@app.command(epilog="Example: ruleengine why --at 2013-02-05T13:30 --instrument USD_JPY --from result/")
def why(
    id: Annotated[str | None, argument("Decision or order id, or its beginning.", "ID")] = None,
    at: Annotated[
        str | None,
        option(
            "--at",
            help="What was decided then (UTC), or why nothing was; a day, hour, minute or second.",
            metavar="TIME",
        ),
    ] = None,
    instrument: Annotated[
        str | None, option("--instrument", help="With --at: this instrument only.", metavar="NAME")
    ] = None,
    from_: Annotated[
        Path | None,
        option("--from", help="Journal, or a dry run's --out; by default the last run's.", metavar="FOLDER"),
    ] = None,
    format: Format = "text",
) -> None:
    """Explain a decision, or what kept one from being made.

    Exit code 0: explained, 1: the policy is refused now, 2: wrong use, or a run that can't be explained.
    """
    from ruleengine.cli.why import why as command

    raise typer.Exit(command(id, at, instrument, from_, format))


@app.command(epilog="Example: ruleengine audit .ruleengine/oanda-101-001")
def audit(
    journal: Annotated[Path | None, argument("Journal's folder; by default the last run's.", "FOLDER")] = None,
    format: Format = "text",
) -> None:
    """Check a journal, and decide all of it once more.

    Exit code 0: sound and decided the same, 1: something was decided otherwise, 2: wrong use, or a
    run's policy is not there any more as it was, 12: damaged.
    """
    from ruleengine.cli.audit import audit as command

    raise typer.Exit(command(journal, format))


app.add_typer(operations)
app.add_typer(reports, name="report")
