"""The command line.

Every command imports what it needs when it runs: ``--help`` and ``list`` start without NumPy,
torch or Textual.

    exit 0   done
    exit 1   the scenario is refused or fails
    exit 2   the command line is wrong
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable
from functools import wraps
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from backprop_tui import __version__
from backprop_tui.errors import BackpropTuiError, ScenarioError

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


class _OptionsAnywhere(click.Command):
    """A command whose options may stand before, between and after the arguments of a script.

    What it does not know after the first argument is the script's, and all that follows ``--``.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = {name: param for param in self.get_params(ctx) for name in param.opts}
        ours: list[str] = []
        theirs: list[str] = []
        tokens = iter(args)
        for token in tokens:
            if token == "--":
                theirs.extend(tokens)
                break
            name, given, _ = token.partition("=")
            param = known.get(name) if token.startswith("-") else None
            if not token.startswith("-") or (theirs and (param is None or name == "--help")):
                theirs.append(token)
                continue
            ours.append(token)
            if isinstance(param, click.Option) and not param.is_flag and not given:
                ours.extend(islice(tokens, 1))
        return super().parse_args(ctx, [*ours, "--", *theirs])


def _refuse(error: BackpropTuiError) -> NoReturn:
    text = str(error)
    click.echo(text if ": error: " in text else f"error: {text}", err=True)
    raise SystemExit(1)


def _nobody_reads() -> NoReturn:
    """The reader (head, less) has seen enough: nothing is wrong, and nothing more is said."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(0)


def _says_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Every error meant for the user goes to standard error, never as a traceback."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except BackpropTuiError as error:
            _refuse(error)
        except BrokenPipeError:
            _nobody_reads()

    return wrapped


def _raised(_: click.Context, __: click.Parameter, changes: tuple[str, ...]) -> Budget | None:
    """The usual budget with these changes; None without any, so that nothing is imported."""
    if not changes:
        return None
    from backprop_tui.scenario.limits import raised

    try:
        return raised(changes)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


_budget = click.option(
    "--budget",
    multiple=True,
    callback=_raised,
    metavar="NAME=N",
    help="Allow a scenario more, as its error says: --budget work=40000000. Can be repeated.",
)


_engine = click.option(
    "--engine",
    type=click.Choice(["numpy", "torch"]),
    default="numpy",
    show_default=True,
    help="numpy is built in; torch records PyTorch itself.",
)
_device = click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    default="cpu",
    show_default=True,
    help="Where the torch engine computes.",
)


@click.group(cls=_OpenByDefault, invoke_without_command=True)
@click.version_option(__version__, prog_name="backprop-tui")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Plays a PyTorch script as a film of its own back-propagation.

    Without a command: the library of bundled scenarios. `backprop-tui SCENARIO` opens one.
    """
    if ctx.invoked_subcommand is None:
        _open(None)


@main.command("open", help=f"Open a scenario in the stepper. {SCENARIO_HELP} {TRACE_HELP}")
@click.argument("scenario")
@click.option("--at", type=click.IntRange(min=1), help="Begin at this step (1 is the first).")
@_engine
@_device
@_budget
def open_(scenario: str, at: int | None, engine: str, device: str, budget: Budget | None) -> None:
    """Open a scenario in the stepper."""
    _open(scenario, at, engine, device, budget)


@_says_errors
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
@_engine
@_device
@_budget
@_says_errors
def run(scenario: str, engine: str, device: str, budget: Budget | None) -> None:
    """Interpret a scenario without a screen."""
    from backprop_tui.scenario.interpreter import Interpreter
    from backprop_tui.scenario.library import find
    from backprop_tui.scenario.loader import load
    from backprop_tui.session import make_engine

    program = load(find(scenario), budget)
    Interpreter(program, make_engine(engine, device), budget=budget, write=_write).run()


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
    except BrokenPipeError:
        _nobody_reads()


@main.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@_says_errors
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
@_engine
@_device
@_budget
@_says_errors
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
        _write(text)
    else:
        from backprop_tui.export.files import replace_file

        replace_file(output, text)


@main.command("record", cls=_OptionsAnywhere)
@click.argument("script", type=click.Path(path_type=Path))
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The trace file; SCRIPT's name with .trace if not given.",
)
@click.option("--force", is_flag=True, help="Replace a trace file that is there already.")
@click.option(
    "--level",
    type=click.Choice(["steps", "iterations", "off"]),
    help="Everything; loss and norms once per optimizer step; or nothing until a viewer asks.  "
    "[default: steps; with --watch: iterations]",
)
@click.option(
    "--steps-of",
    default="",
    metavar="A:B,...",
    help="These iterations, counted from 1, are recorded step by step whatever the level.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    help="Tensors of more than N elements are kept as a summary.  [default: 100000; 0: never]",
)
@click.option(
    "--watch",
    is_flag=True,
    help="Open the app beside the run. What the script prints goes to FILE.log, and it goes on "
    "when the app is left.",
)
@_says_errors
def record_(
    script: Path,
    args: tuple[str, ...],
    output: Path | None,
    force: bool,
    level: Any,
    steps_of: str,
    limit: int | None,
    watch: bool,
) -> None:
    """Run a PyTorch script and record what PyTorch does.

    SCRIPT is run as `python SCRIPT ARGS...` runs it: real Python, which may do whatever Python may,
    so record only what you trust. (Opening a scenario or a trace file runs nothing.) The options
    below may stand anywhere; every other argument is the script's, and all that follow `--`.

    The trace is written while the script runs, so that a crash loses only the last moment. A file
    that is no trace is never replaced.
    """
    from backprop_tui.recording.recording import LIMIT
    from backprop_tui.recording.script import run_script

    output = output or script.with_suffix(".trace")
    if watch:
        options = ["--level", level or "iterations", "--steps-of", steps_of, "-o", str(output)]
        options += [] if limit is None else ["--limit", str(limit)]
        _watch(output, force, [*options, "--", str(script), *args])
    elements = LIMIT if limit is None else limit or None
    raise SystemExit(
        run_script(
            script,
            list(args),
            output,
            level=level or "steps",
            steps_of=steps_of,
            limit=elements,
            force=force,
        )
    )


def _watch(trace: Path, force: bool, arguments: list[str]) -> NoReturn:
    """Record in a process of its own, and show it; exits with its status if it has ended."""
    from backprop_tui.recording.beside import Beside
    from backprop_tui.recording.recording import make_room

    make_room(trace, force)
    beside = Beside(arguments, trace)
    click.echo("waiting for the script to begin …", err=True)
    if not beside.wait():
        click.echo(beside.printed(), err=True, nl=False)
        raise SystemExit(beside.status)
    from backprop_tui.tui.app import run_app

    run_app(str(trace))
    said = f"What it printed is in {beside.log}."
    if beside.status is None:
        again = f"backprop-tui open {shlex.quote(str(trace))} shows it again."
        click.echo(f"The run goes on (process {beside.process.pid}); {again} {said}", err=True)
    else:
        click.echo(f"The run ended with exit status {beside.status}. {said}", err=True)
    raise SystemExit(beside.status or 0)


def _document(trace: Trace, form: str, steps: tuple[int, int | None]) -> str:
    if form == "json":
        from backprop_tui.trace.codec import dumps

        return dumps(trace, *steps)
    from backprop_tui.export.markdown import export_markdown

    return export_markdown(trace, *steps)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@_says_errors
def new(file: Path) -> None:
    """Write a template to begin a scenario with; FILE must not exist."""
    from backprop_tui.scenario.template import write_template

    write_template(file)
    click.echo(f"{file} is written; next: backprop-tui {shlex.quote(str(file))}")


@main.command()
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO...")
@_engine
@_device
@_budget
@_says_errors
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
