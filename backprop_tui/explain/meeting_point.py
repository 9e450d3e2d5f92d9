"""Where all paths from the root have met: from there on the chain rule is one product again.

E ─▶ out_o1 ─▶ out_h1 ─▶ w1      two paths lead from E to w1, and meet in out_h1. Once their
 └─▶ out_o2 ──┘                  sum ∂E/∂out_h1 is known: ∂E/∂w1 = ∂E/∂out_h1 · ∂out_h1/∂w1
"""

from __future__ import annotations

from dataclasses import replace

from backprop_tui.explain.chain import Chain, chain
from backprop_tui.explain.naming import Names
from backprop_tui.explain.walk import ran_in, walk_of
from backprop_tui.explain.worked import Index, input_of, node_op
from backprop_tui.trace.steps import Backward, Forward, SeedGrad
from backprop_tui.trace.trace import Trace


def chain_to(
    trace: Trace, seed: SeedGrad, step: Backward, edge: int, at: Index, names: Names
) -> Chain | None:
    """The chain rule to element ``at`` of what ``edge`` of this step leads to, from the root or,
    where several paths lead here, from the point where they have all met.

    None where a Node on the way has no record, or the graph is too large.
    """
    forward = trace.forward_of(step.node.node)
    op = None if forward is None else node_op(forward)
    value = None if forward is None or op is None else input_of(forward, op, edge)
    if value is None:
        return None
    from_ = _meeting_point(trace, seed, step) or seed
    return chain(
        trace,
        from_,
        step.node.node,
        edge,
        value,
        at,
        lambda tensor: names.has_name(tensor, step.index),
    )


def _meeting_point(trace: Trace, seed: SeedGrad, step: Backward) -> SeedGrad | None:
    """The gradient at the first tensor that all of several paths to this Node pass, and after
    which one way only leads here; None if there is one path anyway."""
    root = seed.tensor.node
    walk = None if root is None else walk_of(trace, (root,))
    if root is None or walk is None:
        return None
    counts = walk.ways_to(step.node.node)
    if counts.get(root, 0) < 2:
        return None
    for node in walk.order:
        if counts.get(node) == 1 and walk.ways[node] == counts[root]:
            ran = ran_in(trace, node, seed.index, step.index)
            forward = None if ran is None else trace.forward_of(node)
            return None if ran is None or forward is None else _arrived(seed, forward, ran)
    return None


def _arrived(seed: SeedGrad, forward: Forward, ran: Backward) -> SeedGrad | None:
    grad = ran.incoming[0]
    if len(forward.outputs) != 1 or grad is None:
        return None
    return replace(seed, tensor=forward.outputs[0], grad=grad)
