"""Operations in place: ``x.add_(1)``, ``x *= 2``, ``x[0] = 5``, ``x.zero_()``.

They run through the same op records, then write the result into the tensor's memory. Autograd
forbids it for leaves, gives a non-leaf a new grad_fn, and notices by the version counter when
something needed for backward was overwritten.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.engines.numpy_engine import state
from backprop_tui.engines.numpy_engine.apply import arrays_of, attach, connect, forward, tell
from backprop_tui.engines.numpy_engine.dtypes import of_array
from backprop_tui.engines.numpy_engine.graph import SavedInput, plan_of, short_name
from backprop_tui.engines.numpy_engine.slices import changed_through
from backprop_tui.engines.numpy_engine.tensor import Tensor


def apply_(name: str, target: Tensor, *others: Any, **attrs: Any) -> Tensor:
    """Run the op ``name`` with ``target`` as its first input, and write the result into it."""
    now = state.now()
    plan = plan_of(name)
    if now.grad_enabled:
        refuse_leaves(target)
    inputs = (target, *others)
    if name == "copy" and getattr(others[0], "ndim", 0) > target.ndim:
        raise misfit(target, others[0].array)
    arrays, tensor_inputs = arrays_of(plan, inputs, attrs)
    result = np.asarray(forward(plan, arrays, attrs))
    _refuse_misfits(target, result)
    before = None
    if now.listener is not None:
        before = {i: x._snapshot() for i, x in enumerate(inputs) if isinstance(x, Tensor)}
    node = None
    if now.grad_enabled and plan.rules and any(t.requires_grad for t in tensor_inputs):
        _refuse_parts(target)
        kept = Tensor(target.array.copy())
        node = connect(plan, inputs, tensor_inputs, attrs)
        for saved in node.saved.values():
            if isinstance(saved, SavedInput) and saved.tensor is target:
                saved.tensor, saved.version = kept, 0
    target._write(result)
    if node is not None:
        if target._base is None:
            target._rebase(node)
            attach(node, [target])
        else:
            attach(node, [target])
            node = changed_through(target, node)
    if now.listener is not None:
        tell(
            plan, inputs, attrs, [target], node, target._changed(), before, target._changed_grads()
        )
    return target


def refuse_leaves(target: Tensor) -> None:
    """PyTorch's refusal to overwrite a leaf whose gradient is wanted."""
    base = target._base
    if base is not None and base._grad_fn is None and base._requires_grad:
        raise RuntimeError(
            "a view of a leaf Variable that requires grad is being used in an in-place operation."
        )
    if target.requires_grad and target.grad_fn is None:
        raise RuntimeError(
            "a leaf Variable that requires grad is being used in an in-place operation."
        )


def _refuse_parts(target: Tensor) -> None:
    """One of several views made at once (``unbind``, ``split``) cannot get a history of its own."""
    node = target._grad_fn
    if target._base is not None and node is not None and node.plan.op.outputs == 0:
        output = f"Output {target._output_nr} of {short_name(node.name())}"
        raise RuntimeError(
            f"{output} is a view and is being modified inplace. This view is the output of a "
            "function that returns multiple views. Such "
            "functions do not allow the output views to be modified inplace. You should replace "
            "the inplace operation by an out-of-place one."
        )


def _refuse_misfits(target: Tensor, result: Any) -> None:
    if result.shape != target.array.shape:
        raise misfit(target, result)
    have, got = of_array(target.array), of_array(result)
    if got.category > have.category:
        raise RuntimeError(
            f"result type {got.legacy} can't be cast to the desired output type {have.legacy}"
        )


def misfit(target: Tensor, result: Any) -> RuntimeError:
    """PyTorch's error for a result that is larger than the tensor it should be written into."""
    return RuntimeError(
        f"output with shape {list(target.array.shape)} doesn't match the broadcast shape "
        f"{list(result.shape)}"
    )
