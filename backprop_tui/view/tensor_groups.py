"""Parameters by module, where there are too many tensors to be read one by one.

    logits, loss, x              the program's own names, each in a row
    ▸ model.layer1.0       14    a module: how many tensors it holds; ▾ where it is open
    ▾ model.layer1.1       14
        conv1.weight             …

A module is open while one of its tensors is selected, or is all that a step changed; so the
selection is all the state there is, and what just happened is never hidden.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from backprop_tui.explain.known import shape_of
from backprop_tui.trace.state import TensorState

#: Up to so many tensors have a row each; modules are told apart as deep as so many rows allow.
MOST_ROWS, MOST_GROUPS = 40, 24
_DOTTED = re.compile(r"\w+(?:\.\w+)+")

Named = tuple[str, TensorState]


@dataclass(frozen=True, slots=True)
class Group:
    """The tensors of a module and of those inside it, in order of first sight."""

    path: str
    members: tuple[Named, ...]

    @property
    def first(self) -> int:
        """The tensor that is selected in order to open it."""
        return self.members[0][1].value.tensor

    @property
    def title(self) -> str:
        """The path without the model's name, unless a bare number is left."""
        rest = self.path.partition(".")[2]
        return self.path if not rest or rest[0].isdigit() else rest

    @property
    def numbers(self) -> int:
        """How many numbers they are."""
        count = 0
        for _, tensor in self.members:
            size = 1
            for length in shape_of(tensor.value):
                size *= length
            count += size
        return count

    def holds(self, tensors: Iterable[int]) -> bool:
        """Whether one of these is a member."""
        inside = {tensor.value.tensor for _, tensor in self.members}
        return not inside.isdisjoint(tensors)

    def inside(self, name: str) -> str:
        """A member's name as it is called inside the module."""
        return name.removeprefix(f"{self.path}.")


def grouped(named: list[Named]) -> list[Named | Group]:
    """The program's own names, then the modules' tensors by module if there are many."""
    if len(named) <= MOST_ROWS:
        return list(named)
    paths = {name: name.rpartition(".")[0].split(".") for name, _ in named if _in_module(name)}
    members: dict[str, list[Named]] = {}
    for depth in range(max(map(len, paths.values()), default=0), 0, -1):
        shallower: dict[str, list[Named]] = {}
        for name, tensor in named:
            if name in paths:
                shallower.setdefault(".".join(paths[name][:depth]), []).append((name, tensor))
        if len(shallower) == 1 and members:
            break  # all in one says nothing
        members = shallower
        if len(members) <= MOST_GROUPS:
            break
    alone = [(name, tensor) for name, tensor in named if name not in paths]
    return [*alone, *(_group(path, found) for path, found in members.items())]


def _group(path: str, members: list[Named]) -> Named | Group:
    return Group(path, tuple(members)) if len(members) > 1 else members[0]


def _in_module(name: str) -> bool:
    return _DOTTED.fullmatch(name) is not None


def opened(groups: list[Group], selected: int | None, changed: Iterable[int]) -> set[str]:
    """The paths of the modules that are open."""
    touched = {group.path for group in groups if group.holds(changed)}
    found = touched if len(touched) == 1 else set()
    if selected is not None:
        found = found | {group.path for group in groups if group.holds([selected])}
    return found
