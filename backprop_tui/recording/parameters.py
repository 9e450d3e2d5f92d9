"""What the parameters of an optimizer are called: ``model.conv1.weight``.

Looked for in what the names in sight stand for: a module, or an object that has one as its own.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

import torch

from backprop_tui.recording.files import may_be_own


def names_of(
    parameters: Sequence[Any],
    groups: Sequence[Mapping[str, Any]],
    sight: Iterable[tuple[str, object]],
) -> list[str]:
    """A name for each: by the names in ``sight``, else by those that the optimizer was given,
    else by its place in ``groups``."""
    found: dict[int, str] = {}
    for name, tensor in _named(sight):
        found.setdefault(id(tensor), name)
    for number, group in enumerate(groups):
        given = group.get("param_names") or ()
        for place, tensor in enumerate(group["params"]):
            own = given[place] if place < len(given) else f"param_groups[{number}][{place}]"
            found.setdefault(id(tensor), own)
    return [found[id(parameter)] for parameter in parameters]


def _named(sight: Iterable[tuple[str, object]]) -> Iterator[tuple[str, Any]]:
    owned: list[tuple[str, object]] = []
    for name, value in sight:
        if isinstance(value, torch.Tensor):
            yield name, value
        elif isinstance(value, torch.nn.Module):
            yield from _inside(name, value)
        else:
            owned.append((name, value))
    for name, value in owned:
        # Nothing of the user's is run for it, as a property might.
        held = _attributes(value)
        for attribute, one in list(held.items()):
            if isinstance(one, torch.nn.Module):
                yield from _inside(f"{name}.{attribute}", one)


def _inside(name: str, module: Any) -> Iterator[tuple[str, Any]]:
    for path, parameter in module.named_parameters():
        yield f"{name}.{path}", parameter


def _attributes(value: object) -> Mapping[str, object]:
    try:
        return dict(object.__getattribute__(value, "__dict__"))
    except (AttributeError, TypeError):
        return {}


def in_sight() -> Iterator[tuple[str, object]]:
    """The names in sight of the functions of the user's that are at work, the calling ones first:
    where two models are trained by one function, it is the caller who tells them apart."""
    frames: list[FrameType] = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if may_be_own(frame.f_code.co_filename):
            frames.insert(0, frame)
        frame = frame.f_back
    for names in {id(one.f_globals): one.f_globals for one in frames}.values():
        yield from list(names.items())
    for one in frames:
        if one.f_locals is not one.f_globals:
            yield from _locals(one)


def _locals(frame: FrameType) -> list[tuple[str, object]]:
    found = frame.f_locals
    names = list(found.items())
    code = frame.f_code
    ours = code.co_flags & inspect.CO_OPTIMIZED and type(found) is dict
    if ours and "locals" not in code.co_names:
        found.clear()  # made for us, and kept by Python as long as the function runs
    return names
