"""``backprop-tui record``: real Python is run, beside the app if that is asked.

The script's arguments stand among ours, so the command reads its line in a way of its own.
"""

from __future__ import annotations

import shlex
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import click

from backprop_tui.cli.speaking import says_errors


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


@click.command("record", cls=_OptionsAnywhere)
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
@says_errors
def record_command(
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
