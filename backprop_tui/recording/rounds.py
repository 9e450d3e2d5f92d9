"""How many rounds a loop makes, and which one this is; nothing of the user's runs to know it.

for i in range(2, 10, 2)      total 4; i = 6 is round 3
for i, x in enumerate(xs)     total len(xs); i = 2 is round 3
for x in loader               total of batches; rounds are counted as they are noticed
while loss > 0.1              no total; a round is noticed when execution goes back
"""

from __future__ import annotations

import ast
import builtins
import operator
from collections.abc import Callable, Mapping
from typing import Any

from backprop_tui.recording.files import Loop
from backprop_tui.recording.names import NOTHING, Names, mark, recalled, same
from backprop_tui.trace.steps import LoopAt

_SIZED = (range, list, tuple, dict, set, frozenset, str, bytes)
_ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}  # fmt: skip
#: Called with something to go through, these go through all of it.
_THROUGH = frozenset({"enumerate", "reversed", "sorted", "list", "tuple", "iter", "tqdm"})

Length = Callable[[object], int | None]


class Unknown(Exception):
    """A value that cannot be known from outside."""


class Rounds:
    """One run of a loop; ``at`` is where it is, ``counts``: its variables tell each round."""

    __slots__ = ("_first", "_step", "at", "counts", "loop", "marks")

    def __init__(self, loop: Loop, names: Names, length: Length) -> None:
        self.loop = loop
        total, self._first, self._step = _known(loop, names, length)
        self.counts = self._first is not None and bool(loop.names)
        #: variable → mark of what it stood for
        self.marks: dict[str, object] = {}
        self.at = LoopAt(loop.name, 0, total)
        self.begin(names.own)

    def begin(self, own: Mapping[str, Any]) -> None:
        """The next round noticed begins; ``own`` are the function's names."""
        self.marks = {name: mark(own.get(name, NOTHING)) for name in self.loop.names}
        number = self.at.number + 1
        if self._first is not None and self.marks:
            value = own.get(self.loop.names[0])
            if type(value) is int:
                number = (value - self._first) // self._step + 1
        self.at = LoopAt(self.at.name, number, self.at.total)

    def was(self, name: str) -> Any:
        """What a loop's variable stood for in this round; NOTHING if that is gone."""
        return recalled(self.marks[name])

    def moved(self, own: Mapping[str, Any]) -> bool:
        """Whether another round runs now, by what the loop's variables stand for."""
        for name, marked in self.marks.items():
            value = own.get(name, NOTHING)
            if marked is not value and not same(marked, value):
                return True
        return False


def _known(loop: Loop, names: Names, length: Length) -> tuple[int | None, int | None, int]:
    """The number of rounds, and from which value by what step the first variable counts them."""
    node = loop.node
    if isinstance(node, ast.While):
        return None, None, 1
    try:
        if (span := _range(node.iter, names, length)) is not None:
            counts = isinstance(node.target, ast.Name) and bool(span.step)
            return len(span), span.start if counts else None, span.step
        total = _length(node.iter, names, length)
    except Unknown:
        total = None
    first = None
    if isinstance(node.target, ast.Tuple) and isinstance(node.target.elts[0], ast.Name):
        first = _enumerates(node.iter, names, length)
    return total, first, 1


def _range(node: ast.expr, names: Names, length: Length) -> range | None:
    name = _called(node, names)
    if not isinstance(node, ast.Call) or name not in ("range", "trange"):
        return None
    arguments = node.args[:1] if name == "trange" else node.args
    values = [_value(each, names, length) for each in arguments]
    try:
        return range(*values)
    except (TypeError, ValueError):
        raise Unknown from None


def _enumerates(node: ast.expr, names: Names, length: Length) -> int | None:
    if not isinstance(node, ast.Call) or _called(node, names) != "enumerate":
        return None
    start: list[ast.expr] = node.args[1:2] + [k.value for k in node.keywords if k.arg == "start"]
    try:
        first = _value(start[0], names, length) if start else 0
    except Unknown:
        return None
    return first if type(first) is int else None


def _length(node: ast.expr, names: Names, length: Length) -> int | None:
    name = _called(node, names)
    if isinstance(node, ast.Call):
        if name == "zip" and node.args:
            lengths = [_length(each, names, length) for each in node.args]
            return None if None in lengths else min(n for n in lengths if n is not None)
        if name in _THROUGH and node.args:
            return _length(node.args[0], names, length)
        if (span := _range(node, names, length)) is not None:
            return len(span)
        if (
            isinstance(node.func, ast.Attribute)
            and not node.args
            and (node.func.attr in ("items", "keys", "values"))
        ):
            held = _value(node.func.value, names, length)
            return len(held) if type(held) is dict else None
        return None
    if isinstance(node, ast.List | ast.Tuple):
        starred = any(isinstance(each, ast.Starred) for each in node.elts)
        return None if starred else len(node.elts)
    size = _size(node, names, length)
    return None if size is NOTHING else int(size)


def _called(node: ast.expr, names: Names) -> str:
    """The name of the function that is called, if it is Python's own or a progress bar."""
    if not isinstance(node, ast.Call):
        return ""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if isinstance(node.func, ast.Name):
        name = node.func.id
        own = getattr(builtins, name, None)
        if own is not None and names.get(name) is not own:
            return ""
    return name


def _value(node: ast.expr, names: Names, length: Length) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        found = names.get(node.id)
    elif isinstance(node, ast.Attribute):
        found = names.attribute(_value(node.value, names, length), node.attr)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        found = -_whole(node.operand, names, length)
    elif isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        left, right = _whole(node.left, names, length), _whole(node.right, names, length)
        try:
            found = _ARITHMETIC[type(node.op)](left, right)
        except ZeroDivisionError:
            raise Unknown from None
    elif _called(node, names) == "len" and isinstance(node, ast.Call) and len(node.args) == 1:
        found = _size(node.args[0], names, length)
    elif (sized := _first_size(node)) is not None:
        found = _size(sized, names, length)
    else:
        raise Unknown
    if found is NOTHING:
        raise Unknown
    return found


def _size(node: ast.expr, names: Names, length: Length) -> Any:
    held = _value(node, names, length)
    size = len(held) if type(held) in _SIZED else length(held)
    return NOTHING if size is None else size


def _first_size(node: ast.expr) -> ast.expr | None:
    """What ``x.shape[0]`` and ``x.size(0)`` ask the first size of."""
    if isinstance(node, ast.Subscript):
        of, name, at = node.value, "shape", node.slice
    elif isinstance(node, ast.Call) and len(node.args) == 1:
        of, name, at = node.func, "size", node.args[0]
    else:
        return None
    asks = isinstance(of, ast.Attribute) and of.attr == name
    first = isinstance(at, ast.Constant) and at.value == 0
    return of.value if asks and first and isinstance(of, ast.Attribute) else None


def _whole(node: ast.expr, names: Names, length: Length) -> int:
    value = _value(node, names, length)
    if type(value) is not int:
        raise Unknown
    return value
