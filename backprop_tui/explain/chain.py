"""The chain rule, spelled from the root to one element of a tensor.

A *path* is a way through the autograd graph: a Node, the edge taken from it, the next Node, and so
on. What one path contributes is found as backward itself finds it, by sending the root's gradient
along this path only. Its factors are entries of the Jacobians on the way, each found by sending a
one-hot gradient through one Node. Where elements fan out (a matrix product), the way of the
largest contribution is followed, and the number of ways is told.

What the program gave no name is passed over where only one way leads through it:

    ∂loss/∂z · ∂z/∂(x @ w) · ∂(x @ w)/∂w    becomes    ∂loss/∂z · ∂z/∂w
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from backprop_tui.engines.base import Array, TensorValue
from backprop_tui.explain.walk import Walk, walk_of
from backprop_tui.explain.worked import (
    Index,
    input_of,
    lifted,
    node_op,
    nudged,
    pull_back,
)
from backprop_tui.ops.base import Op
from backprop_tui.trace.steps import Forward, SeedGrad
from backprop_tui.trace.trace import Trace

#: Longer paths than this are not spelled: nobody reads so many factors.
MOST_HOPS = 64
#: So much is computed for one chain at a key press: each Node asked for one gradient counts 1, and
#: 1 more for so many elements (each HEAVY times, unless one element depends on one other).
MOST_WORK, ELEMENTS, HEAVY = 240, 2_000, 8
#: Further factors are not joined where finding out whether it is right takes more Nodes than this.
MOST_JOINED = 200
#: Paths that are spelled out.
MOST_PATHS = 3
#: Elements of a Node's output that are tried to find the largest contribution; large tensors,
#: where each trial is slow, get fewer.
MOST_TRIED = 64
TRIAL_ELEMENTS = 1_000_000


class _TooMuch(Exception):
    """More work than one chain is worth."""


class _Work:
    """What may still be computed."""

    def __init__(self) -> None:
        self.left = MOST_WORK

    def pull_back(self, hop: Hop, grad: Array) -> Array | None:
        """The gradient that arrives at a hop's input when ``grad`` arrives at its output."""
        value = input_of(hop.step, hop.op, hop.edge)
        if value is None:
            return None
        light = hop.op.elementwise or hop.op.view
        self.left -= 1 + (value.data.size + grad.size) * (1 if light else HEAVY) // ELEMENTS
        if self.left < 0:
            raise _TooMuch
        pulled = pull_back(hop.step, hop.op, hop.edge, _arriving(hop, grad))
        return None if pulled is None else pulled[0]


@dataclass(frozen=True, slots=True)
class Hop:
    """A Node's forward step, the output a gradient arrives at, and the edge it leaves by."""

    step: Forward
    op: Op
    output: int
    edge: int


@dataclass(frozen=True, slots=True)
class Factor:
    """``∂of[of_at]/∂by[by_at]`` = ``value``: an entry of a Jacobian, the product of ``parts``."""

    of: TensorValue
    of_at: Index
    by: TensorValue
    by_at: Index
    parts: tuple[float, ...]

    @property
    def value(self) -> float:
        """The parts multiplied."""
        return prod(self.parts)


@dataclass(frozen=True, slots=True)
class Way:
    """One path: its factors from the root on, its whole contribution, and of how many element
    ways (``ways``) the factors are the one with the largest product. ``route`` are the tensors
    between the root and the end."""

    factors: tuple[Factor, ...]
    contribution: float
    ways: int
    route: tuple[TensorValue, ...] = ()

    @property
    def product(self) -> float:
        """The factors multiplied."""
        return prod(factor.value for factor in self.factors)


@dataclass(frozen=True, slots=True)
class Chain:
    """The first MOST_PATHS of ``paths`` ways from the root to an element."""

    ways: tuple[Way, ...]
    paths: int


def chain(
    trace: Trace,
    seed: SeedGrad,
    node: int,
    edge: int | None,
    target: TensorValue,
    at: Index,
    has_name: Callable[[int], bool] = lambda tensor: True,
) -> Chain | None:
    """The ways from the root to element ``at`` of ``target``.

    ``edge`` tells the edge of Node ``node`` that leads to ``target``; None: ``target`` is what
    ``node`` belongs to (a leaf's AccumulateGrad, or a result's grad_fn). Tensors on the way that
    have no name are passed over where that is right. None where a Node on the way has no record,
    or the graph is too large.
    """
    root = seed.tensor.node
    if root is None:
        return None
    walk = walk_of(trace, (root,))
    counts = {} if walk is None else walk.ways_to(node)
    if walk is None or not counts.get(root):
        return None
    ways = []
    work = _Work()
    try:
        for path in _paths(trace, walk, root, node, counts, edge):
            way = None if path is None else _way(walk, seed, path, at, has_name, work)
            if way is None:
                return None
            ways.append(way)
            if len(ways) == MOST_PATHS:
                break
    except _TooMuch:
        return None
    return Chain(tuple(ways), counts[root]) if ways else None


def _paths(
    trace: Trace,
    walk: Walk,
    root: int,
    target: int,
    counts: dict[int, int],
    last_edge: int | None,
) -> Iterator[list[Hop] | None]:
    """The paths in edge order; None for one with a Node that has no record."""
    stack: list[tuple[int, int, tuple[tuple[int, int, int], ...]]] = [(root, 0, ())]
    while stack:
        node, output, before = stack.pop()
        if node == target:
            whole = before if last_edge is None else (*before, (node, output, last_edge))
            yield _hops(trace, whole)
            continue
        if len(before) > MOST_HOPS:
            raise _TooMuch
        for position, edge in reversed(list(enumerate(walk.edges.get(node, ())))):
            if edge is not None and counts.get(edge.node):
                stack.append((edge.node, edge.index, (*before, (node, output, position))))


def _hops(trace: Trace, path: Sequence[tuple[int, int, int]]) -> list[Hop] | None:
    hops = []
    for node, output, edge in path:
        step = trace.forward_of(node)
        op = None if step is None else node_op(step)
        if step is None or op is None:
            return None
        hops.append(Hop(step, op, output, edge))
    return hops


@dataclass(frozen=True, slots=True)
class _Piece:
    """A factor, whether it is only a view, how many elements contribute over it, and by which hops
    (``first`` to ``last``) it was made."""

    factor: Factor
    view: bool
    count: int
    first: int
    last: int


def _way(
    walk: Walk,
    seed: SeedGrad,
    path: list[Hop],
    at: Index,
    has_name: Callable[[int], bool],
    work: _Work,
) -> Way | None:
    grads = [seed.grad]
    for hop in path:
        pulled = work.pull_back(hop, grads[-1])
        if pulled is None:
            return None
        grads.append(pulled)
    if grads[-1].ndim != len(at):
        return None
    pieces: list[_Piece] = []
    ways, here = 1, at
    for number in reversed(range(len(path))):
        hop, grad = path[number], grads[number]
        by = input_of(hop.step, hop.op, hop.edge)
        found = _largest(hop, grad, here, work)
        if by is None or found is None:
            return None
        there, value, count = found
        factor = Factor(hop.step.outputs[hop.output], there, by, here, (value,))
        view = hop.op.view and value == 1 and count == 1
        pieces.insert(0, _Piece(factor, view, count, number, number))
        ways *= count
        here = there
    route = tuple(hop.step.outputs[hop.output] for hop in path[1:])
    leads = seed.grad.size > 1 or float(seed.grad[here]) != 1
    joined = _joined(walk, path, pieces, has_name, leads)
    factors = [(piece.factor, piece.view) for piece in joined]
    return Way(_spelled(seed, factors, here), float(grads[-1][at]), ways, route)


def _joined(
    walk: Walk,
    path: list[Hop],
    pieces: list[_Piece],
    has_name: Callable[[int], bool],
    leads: bool,
) -> list[_Piece]:
    """Factors over a nameless tensor made into one: ``∂a/∂b · ∂b/∂c`` is ``∂a/∂c`` if no other way
    leads from a to c. Left alone where nothing but ``∂root/∂end`` would remain; ``leads``: the
    root's own gradient stands before them."""
    found: list[_Piece] = []
    for piece in pieces:
        before = found[-1] if found else None
        if (
            before is not None
            and not before.view
            and not piece.view
            and not has_name(piece.factor.of.tensor)
            and piece.count == 1
            and _only_way(walk, path[before.first], path[piece.last])
        ):
            factor = replace(
                before.factor,
                by=piece.factor.by,
                by_at=piece.factor.by_at,
                parts=before.factor.parts + piece.factor.parts,
            )
            found[-1] = _Piece(factor, False, before.count, before.first, piece.last)
        else:
            found.append(piece)
    return found if leads or sum(not piece.view for piece in found) > 1 else pieces


def _only_way(walk: Walk, start: Hop, end: Hop) -> bool:
    """Whether from the Node of ``start`` one way only leads to where ``end`` leads."""
    assert start.step.node is not None
    assert end.step.node is not None
    goal = end.step.node.next_functions[end.edge]
    oldest = -1 if goal is None or goal.variable is not None else walk.ages.get(goal.node, -1)
    ways = 0
    waiting, looked = [start.step.node.node], 0
    while waiting:
        looked += 1
        if looked > MOST_JOINED:
            return False
        for edge in walk.edges.get(waiting.pop(), ()):
            if edge is None:
                continue
            if goal is not None and (edge.node, edge.index) == (goal.node, goal.index):
                ways += 1
                if ways > 1:
                    return False
            elif walk.ages.get(edge.node, -1) > oldest:
                waiting.append(edge.node)
    return ways == 1


def _spelled(seed: SeedGrad, factors: list[tuple[Factor, bool]], at: Index) -> tuple[Factor, ...]:
    """The factors to show: a view (True) is the same number seen otherwise, so it is merged into
    its neighbours; the root's own gradient leads unless it is the 1 of a scalar."""
    kept: list[Factor] = []
    start = float(seed.grad[at])
    if start != 1 or seed.grad.size > 1 or not factors:
        kept.append(Factor(seed.tensor, at, seed.tensor, at, (start,)))
    first = factors[0][0] if factors else None
    for factor, view in factors:
        if view and kept:
            kept[-1] = replace(kept[-1], by=factor.by, by_at=factor.by_at)
        elif not view:
            top = first if first is not None and not kept else factor
            kept.append(replace(factor, of=top.of, of_at=top.of_at))
    if not kept and first is not None:
        last = factors[-1][0]
        kept.append(replace(first, by=last.by, by_at=last.by_at))
    return tuple(kept)


def _arriving(hop: Hop, grad: Array) -> list[Array | None]:
    return [grad if i == hop.output else None for i in range(len(hop.step.outputs))]


def _largest(hop: Hop, grad: Array, at: Index, work: _Work) -> tuple[Index, float, int] | None:
    """Of the output elements that depend on element ``at`` of the input: the one that contributes
    most, its Jacobian entry, and how many contribute."""
    value = input_of(hop.step, hop.op, hop.edge)
    if value is None or not value.data.size:
        return None
    candidates = _dependents(hop, grad, value, at)
    tried = min(MOST_TRIED, max(8, TRIAL_ELEMENTS // (value.data.size + grad.size)))
    untried = max(0, len(candidates) - tried)
    if untried:
        candidates = sorted(candidates, key=lambda index: -abs(float(grad[index])))[:tried]
    best: tuple[float, Index, float] | None = None
    count = untried
    for there in candidates:
        one_hot = np.zeros_like(grad)
        one_hot[there] = 1
        pulled = work.pull_back(hop, one_hot)
        if pulled is None:
            return None
        entry = float(pulled[at])
        size = abs(entry * float(grad[there]))
        count += size > 0
        if best is None or size > best[0] or (size == best[0] == 0 and abs(entry) > abs(best[2])):
            best = (size, there, entry)
    return None if best is None else (best[1], best[2], max(count, 1))


def _dependents(hop: Hop, grad: Array, value: TensorValue, at: Index) -> list[Index]:
    """The output elements that may depend on element ``at`` of the input ``value``."""
    shape = value.data.shape
    if hop.op.elementwise:
        if grad.shape == shape:
            return [at]
        fixed = lifted(at, shape, grad.shape)
        lead = grad.ndim - len(shape)
        spread = [n if i < lead or shape[i - lead] == 1 else 1 for i, n in enumerate(grad.shape)]
        offsets = np.ndindex(*spread)
        return [tuple(f + o for f, o in zip(fixed, offset, strict=True)) for offset in offsets]
    if grad.size > MOST_TRIED:
        changed = nudged(hop.step, hop.op, hop.edge, hop.output, at)
        if changed is not None and changed.any():
            return [tuple(int(i) for i in index) for index in np.argwhere(changed)]
    return list(np.ndindex(grad.shape))
