"""The command line.

Every command imports what it needs when it runs: ``--help`` and ``list`` start without NumPy,
torch or Textual.

    exit 0   done
    exit 1   the scenario is refused or fails
    exit 2   the command line is wrong
"""

from __future__ import annotations

import json
import shlex
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from backprop_tui import __version__
from backprop_tui.cli.options import budget_option, device_option, engine_option
from backprop_tui.cli.record import record_command
from backprop_tui.cli.speaking import says_errors, write
from backprop_tui.errors import ScenarioError

if TYPE_CHECKING:
    from backprop_tui.scenario.limits import Budget
    from backprop_tui.trace.trace import Trace

SCENARIO_HELP = "SCENARIO is a file, or the name of a bundled scenario."

TRACE_HELP = "Or it is a trace in a file, which is shown as it was recorded."


class _OpenByDefault(click.Group):
    """``backprop-tui SCENARIO`` means ``backprop-tui open SCENARIO``."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["open", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=_OpenByDefault, invoke_without_command=True)
@click.version_option(__version__, prog_name="backprop-tui")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Plays a PyTorch script as a film of its own back-propagation.

    Without a command: the library of bundled scenarios. `backprop-tui SCENARIO` opens one.
    """
    if ctx.invoked_subcommand is None:
        _open(None)


main.add_command(record_command)


@main.command("open", help=f"Open a scenario in the stepper. {SCENARIO_HELP} {TRACE_HELP}")
@click.argument("scenario")
@click.option("--at", type=click.IntRange(min=1), help="Begin at this step (1 is the first).")
@engine_option
@device_option
@budget_option
def open_(scenario: str, at: int | None, engine: str, device: str, budget: Budget | None) -> None:
    """Open a scenario in the stepper."""
    _open(scenario, at, engine, device, budget)


@says_errors
def _open(
    scenario: str | None,
    at: int | None = None,
    engine: str = "numpy",
    device: str = "cpu",
    budget: Budget | None = None,
) -> None:
    import gc

    # Nothing that is made on the way to the first frame is garbage; the app collects after it.
    gc.disable()
    from backprop_tui.tui.app import run_app

    run_app(scenario, engine, None if at is None else at - 1, budget, device)


@main.command(help=f"Run a scenario and print what it prints under plain Python. {SCENARIO_HELP}")
@click.argument("scenario")
@engine_option
@device_option
@budget_option
@says_errors
def run(scenario: str, engine: str, device: str, budget: Budget | None) -> None:
    """Interpret a scenario without a screen."""
    from backprop_tui.scenario.interpreter import Interpreter
    from backprop_tui.scenario.library import find
    from backprop_tui.scenario.loader import load
    from backprop_tui.session import make_engine

    program = load(find(scenario), budget)
    Interpreter(program, make_engine(engine, device), budget=budget, write=write).run()


@main.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@says_errors
def list_(as_json: bool) -> None:
    """List the bundled scenarios, chapter by chapter, with their level."""
    from backprop_tui.scenario.chapters import chapter_of, level_dots
    from backprop_tui.scenario.library import bundled

    entries = bundled()
    if as_json:
        fields = ("name", "chapter", "level", "title", "description")
        rows = [
            {key: getattr(entry, key) for key in fields} | {"path": str(entry.path)}
            for entry in entries
        ]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for name, group in groupby(entries, key=lambda entry: entry.chapter):
        chapter, own = chapter_of(name), list(group)
        click.echo(" · ".join(filter(None, (chapter.title, chapter.news))))
        width = max(len(entry.name) for entry in own)
        for entry in own:
            click.echo(f"  {entry.name:{width}} {level_dots(entry.level)} {entry.title}")
        click.echo()
    click.echo("●○○ to begin with, ●●● take your time. To open one: backprop-tui two_points")


def _steps_range(
    _: click.Context, __: click.Parameter, value: str | None
) -> tuple[int, int | None]:
    """``A:B`` as steps counted from 1, both ends included, either left out."""
    if value is None:
        return 0, None
    first, colon, last = value.partition(":")
    try:
        start = int(first) if first else 1
        stop = (int(last) if last else None) if colon else start
    except ValueError:
        raise click.BadParameter(f"{value!r} is not A:B (steps counted from 1)") from None
    if start < 1 or (stop is not None and stop < start):
        raise click.BadParameter(f"{value!r}: steps are counted from 1, and A must not exceed B")
    return start - 1, stop


@main.command(help=f"Write the step trace as a document. {SCENARIO_HELP} {TRACE_HELP}")
@click.argument("scenario")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file.")
@click.option(
    "--format", "form", type=click.Choice(["markdown", "json"]), default="markdown",
    show_default=True,
)  # fmt: skip
@click.option("--steps", callback=_steps_range, metavar="A:B", help="Only these steps, from 1.")
@engine_option
@device_option
@budget_option
@says_errors
def export(
    scenario: str,
    output: Path | None,
    form: str,
    steps: tuple[int, int | None],
    engine: str,
    device: str,
    budget: Budget | None,
) -> None:
    """Export the trace, to standard output without -o; of a scenario that fails, nothing."""
    from backprop_tui.session import Session, StoredSession, reading
    from backprop_tui.trace.marks import is_trace

    session: Session | StoredSession
    if is_trace(scenario):
        session = StoredSession(scenario)
    else:
        session = Session.open(scenario, engine, budget, device)
    trace = session.complete()
    if isinstance(session.error, ScenarioError):
        raise session.error
    with reading(session):
        text = _document(trace, form, steps)
    if output is None:
        write(text)
    else:
        from backprop_tui.export.files import replace_file

        replace_file(output, text)


def _document(trace: Trace, form: str, steps: tuple[int, int | None]) -> str:
    if form == "json":
        from backprop_tui.trace.codec import dumps

        return dumps(trace, *steps)
    from backprop_tui.export.markdown import export_markdown

    return export_markdown(trace, *steps)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@says_errors
def new(file: Path) -> None:
    """Write a template to begin a scenario with; FILE must not exist."""
    from backprop_tui.scenario.template import write_template

    write_template(file)
    click.echo(f"{file} is written; next: backprop-tui {shlex.quote(str(file))}")


@main.command()
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO...")
@engine_option
@device_option
@budget_option
@says_errors
def check(scenarios: tuple[str, ...], engine: str, device: str, budget: Budget | None) -> None:
    """Accept or refuse each scenario, check its gradients, and give advice.

    All that is wrong is said at once. Gradients are held against finite differences, and every step
    against the other engine: PyTorch, where it is installed.
    """
    from backprop_tui.check import check_scenario

    wrong = 0
    for scenario in scenarios:
        report = check_scenario(scenario, budget, engine, device)
        wrong += not report.ok
        click.echo(report.render(), err=not report.ok)
    raise SystemExit(1 if wrong else 0)
