"""Callables of the engine that a scenario gets in a version of ours, because of their options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backprop_tui.scenario.values import Builtin, Problem

#: How much of a tensor ``torch.set_printoptions`` may ask for.
MOST_PRINTED = {"precision": 30, "threshold": 10_000, "edgeitems": 100, "linewidth": 1_000}

#: Options of the surface's callables that reach beyond the program itself.
DATA_LOADER_OPTIONS = frozenset(
    {"dataset", "batch_size", "shuffle", "drop_last", "generator", "collate_fn", "num_workers",
     "sampler", "batch_sampler", "pin_memory"}
)  # fmt: skip


def _without_processes(loader: Any) -> Builtin:
    """DataLoader with the options that stay within this process."""

    def data_loader(*args: Any, **kwargs: Any) -> Any:
        for name in kwargs:
            if name not in DATA_LOADER_OPTIONS:
                raise Problem("TypeError", f"DataLoader's {name!r} is not supported in a scenario")
        if len(args) > 5 or kwargs.pop("num_workers", 0) != 0:
            raise Problem(
                "ValueError",
                "a DataLoader of a scenario works in one process",
                "leave out num_workers, and write the other options by name",
            )
        return loader(*args, **kwargs)

    return Builtin("torch.utils.data.dataloader.DataLoader", loader, data_loader)


def _within_reason(function: Any) -> Callable[..., Any]:
    """set_printoptions that cannot ask for pages without end."""

    def set_printoptions(
        precision: Any = None,
        threshold: Any = None,
        edgeitems: Any = None,
        linewidth: Any = None,
        profile: Any = None,
        sci_mode: Any = None,
    ) -> None:
        numbers = (precision, threshold, edgeitems, linewidth)
        given = dict(zip(MOST_PRINTED, numbers, strict=True))
        for name, value in given.items():
            if value is not None and not value <= MOST_PRINTED[name]:
                raise Problem("ValueError", f"{name} can be at most {MOST_PRINTED[name]}")
        if profile not in (None, "default", "short"):
            raise Problem("ValueError", "profile can be 'default' or 'short'")
        function(**given, profile=profile, sci_mode=sci_mode)

    return set_printoptions


#: Callables of the engine that a scenario gets in a version of ours.
GUARDS: dict[str, Callable[[Any], Callable[..., Any]]] = {
    "torch.utils.data.DataLoader": _without_processes,
    "torch.set_printoptions": _within_reason,
}
