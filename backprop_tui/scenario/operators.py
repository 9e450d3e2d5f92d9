"""Python's operators, with the size of the result asked for first."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from backprop_tui.scenario.limits import Meter
from backprop_tui.scenario.text import Text

Binary = Callable[[Any, Any], Any]
SEQUENCES = (str, list, tuple)
CONTAINERS = (list, tuple, dict, set)
#: Integers beyond this cost work by their size.
LARGE = 1 << 512
LAZY = (range, Iterator)

#: operator → (the function, its in-place variant)
PLAIN: dict[type[ast.AST], tuple[Binary, Binary]] = {
    ast.Sub: (operator.sub, operator.isub),
    ast.Div: (operator.truediv, operator.itruediv),
    ast.FloorDiv: (operator.floordiv, operator.ifloordiv),
    ast.RShift: (operator.rshift, operator.irshift),
    ast.BitAnd: (operator.and_, operator.iand),
    ast.BitXor: (operator.xor, operator.ixor),
}
GUARDED: dict[type[ast.AST], tuple[Binary, Binary]] = {
    ast.Add: (operator.add, operator.iadd),
    ast.Mult: (operator.mul, operator.imul),
    ast.Mod: (operator.mod, operator.imod),
    ast.Pow: (operator.pow, operator.ipow),
    ast.LShift: (operator.lshift, operator.ilshift),
    ast.MatMult: (operator.matmul, operator.imatmul),
    ast.BitOr: (operator.or_, operator.ior),
}
UNARY: dict[type[ast.AST], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
}
ORDER: dict[type[ast.AST], Binary] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class Operators:
    """The operators of one run. ``free`` are the types that need no look: tensors and floats."""

    def __init__(self, meter: Meter, text: Text) -> None:
        self._meter = meter
        self._text = text
        self.free: set[type] = {float}

    def unary(self, op: type[ast.AST]) -> Callable[[Any], Any]:
        """The function of a unary operator."""
        function = UNARY[op]

        def unary(value: Any) -> Any:
            if isinstance(value, np.ndarray):
                self._meter.size(value.size)
            return function(value)

        return unary

    def binary(self, op: type[ast.AST], in_place: bool = False) -> Binary:
        """The function of a binary operator."""
        if op in PLAIN:
            return self._arrays(PLAIN[op][in_place])
        function = GUARDED[op][in_place]
        looks: dict[type[ast.AST], Callable[[Any, Any], None]] = {
            ast.Add: self._add,
            ast.Mult: self._multiply,
            ast.Pow: self._power,
            ast.LShift: self._shift,
            ast.MatMult: self._product,
            ast.BitOr: self._union,
        }
        look, free = looks.get(op), self.free
        if look is None:
            return self._modulo(function)
        if op is ast.Add and in_place:
            return self._extend(function)

        def guarded(a: Any, b: Any) -> Any:
            if type(a) in free and type(b) in free:
                return function(a, b)
            look(a, b)
            result = function(a, b)
            if type(result) is int and not -LARGE < result < LARGE:
                self._meter.integer(result)
            return result

        return guarded

    def compare(self, op: type[ast.AST]) -> Binary:
        """The function of one comparison."""
        if op is ast.Is:
            return self.same
        if op is ast.IsNot:
            return lambda a, b: not self.same(a, b)
        if op is ast.In:
            return self.contains
        if op is ast.NotIn:
            return lambda a, b: not self.contains(a, b)
        function, meter, free = ORDER[op], self._meter, self.free

        def compare(a: Any, b: Any) -> Any:
            if type(a) is str and type(b) is str:
                meter.tick(1 + len(a) // 64)
            elif not (type(a) in free and type(b) in free):
                self._broadcast(a, b)
            return function(a, b)

        return compare

    @staticmethod
    def same(a: Any, b: Any) -> bool:
        """``a is b``."""
        return a is b

    def contains(self, item: Any, container: Any) -> bool:
        """``item in container``."""
        if isinstance(container, CONTAINERS):
            self._meter.tick(1 + len(container) // 8)
            if isinstance(item, CONTAINERS):
                self._meter.nested(item)
        elif isinstance(container, str):
            self._meter.tick(1 + len(container) // 64)
        elif isinstance(container, LAZY) and not (type(container) is range and type(item) is int):
            container = self._meter.listed(container)
        return operator.contains(container, item)

    def hashed(self, key: Any) -> Any:
        """A key of a dictionary or a set, its parts counted."""
        if isinstance(key, tuple):
            self._meter.nested(key)
        return key

    def _extend(self, function: Binary) -> Binary:
        """``a += b``, where a list takes any iterable."""

        def extend(a: Any, b: Any) -> Any:
            if isinstance(a, list) and not isinstance(b, SEQUENCES):
                b = self._meter.listed(b)
            if not (type(a) in self.free and type(b) in self.free):
                self._add(a, b)
            return function(a, b)

        return extend

    # ------------------------------------------------------------------ how large it becomes

    def _add(self, a: Any, b: Any) -> None:
        if isinstance(a, SEQUENCES):
            self._meter.length(len(a) + (len(b) if isinstance(b, SEQUENCES) else 0))
        else:
            self._broadcast(a, b)

    def _multiply(self, a: Any, b: Any) -> None:
        for sequence, times in ((a, b), (b, a)):
            if isinstance(sequence, SEQUENCES):
                try:
                    count = operator.index(times)
                except TypeError:
                    continue
                self._meter.length(len(sequence) * max(count, 0))
        if isinstance(a, int) and isinstance(b, int):
            self._meter.bits(a.bit_length() + b.bit_length())
        else:
            self._broadcast(a, b)

    def _power(self, a: Any, b: Any) -> None:
        if isinstance(a, int) and isinstance(b, int):
            if b > 0 and abs(a) > 1:
                self._meter.bits(b)  # at the least; so that the next line has no overflow
                self._meter.bits(int(math.log2(abs(a)) * b) + 1)
        else:
            self._broadcast(a, b)

    def _shift(self, a: Any, b: Any) -> None:
        if isinstance(a, int) and isinstance(b, int) and b > 0:
            self._meter.bits(a.bit_length() + b)
        else:
            self._broadcast(a, b)

    def _union(self, a: Any, b: Any) -> None:
        if isinstance(a, dict | set) and isinstance(b, dict | set):
            self._meter.length(len(a) + len(b))
        else:
            self._broadcast(a, b)

    def _broadcast(self, a: Any, b: Any) -> None:
        if isinstance(a, CONTAINERS) or isinstance(b, CONTAINERS):
            self._meter.nested((a, b))
        elif isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
            self._meter.size(math.prod(np.broadcast_shapes(np.shape(a), np.shape(b))))

    def _product(self, a: Any, b: Any) -> None:
        if isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and a.ndim and b.ndim:
            self._meter.size(a.size * b.size // max(a.shape[-1], 1) // max(a.shape[-1], 1))

    def _modulo(self, function: Binary) -> Binary:
        def modulo(a: Any, b: Any) -> Any:
            return self._text.percent(a, b) if isinstance(a, str) else function(a, b)

        return self._arrays(modulo)

    def _arrays(self, function: Binary) -> Binary:
        free = self.free

        def guarded(a: Any, b: Any) -> Any:
            if type(a) in free and type(b) in free:
                return function(a, b)
            self._broadcast(a, b)
            result = function(a, b)
            if type(result) is int and not -LARGE < result < LARGE:
                self._meter.integer(result)
            return result

        return guarded
