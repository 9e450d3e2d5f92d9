"""What several commands are asked in the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from backprop_tui.scenario.limits import Budget


def _raised(_: click.Context, __: click.Parameter, changes: tuple[str, ...]) -> Budget | None:
    """The usual budget with these changes; None without any, so that nothing is imported."""
    if not changes:
        return None
    from backprop_tui.scenario.limits import raised

    try:
        return raised(changes)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


budget_option = click.option(
    "--budget",
    multiple=True,
    callback=_raised,
    metavar="NAME=N",
    help="Allow a scenario more, as its error says: --budget work=40000000. Can be repeated.",
)
engine_option = click.option(
    "--engine",
    type=click.Choice(["numpy", "torch"]),
    default="numpy",
    show_default=True,
    help="numpy is built in; torch records PyTorch itself.",
)
device_option = click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    default="cpu",
    show_default=True,
    help="Where the torch engine computes.",
)
