"""Layers that need no watching: what they run is known, and proved by the Nodes that they leave.

    nn.Linear(x)   AddmmBackward0 ──▶ TBackward0     t(w), addmm(b, x, wᵀ)
    nn.Tanh(x)     TanhBackward0                     tanh(x)

Of a layer named here PyTorch's modes are told nothing, and so do not keep it waiting. That is done
only where nothing else can happen in it: plain tensors that autograd records, no hooks, no
autocast. A layer whose Nodes are others than expected is told as one operation without a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch.nn import _reduction as reductions

from backprop_tui.engines.torch_engine.aten import REDUCTIONS, plan_of
from backprop_tui.engines.torch_engine.mentions import OWN, Attributes, Mentions
from backprop_tui.engines.torch_engine.operands import operation
from backprop_tui.engines.torch_engine.seen import grad_fn_of, unseen

_NODES: Any = torch._C._functions
_ATEN: Any = torch.ops.aten
Inputs = tuple[Any, ...]
Own = Mapping[str, Any]
_DTYPES = frozenset({torch.float32, torch.float64})


class Layer(NamedTuple):
    """When a layer does no more than is known, and what it does then.

    It takes so many ``inputs``; ``fits`` is asked of it and these; ``own`` gives what it adds to
    them, given its output, too; ``mentioned`` gives what ``Decoder.forward`` is told of each
    operation, None if the Nodes are others.
    """

    inputs: int
    fits: Callable[..., bool]
    own: Callable[[Any, Any], Own]
    mentioned: Callable[[Mentions, Inputs, Own, Any], list[tuple[Any, ...]] | None]


def known(layer: Any, args: tuple[Any, ...]) -> Layer | None:
    """How a closed layer is told that is called with these inputs; None if it has to be watched."""
    one = LAYERS.get(type(layer))
    if (
        one is None
        or len(args) != one.inputs
        or not torch._C.is_grad_enabled()
        or torch._C._is_any_autocast_enabled()
        or torch._C._functorch.maybe_current_level() is not None
        or torch.autograd.forward_ad._current_level >= 0
    ):
        return None
    with unseen():
        for tensor in args:
            if type(tensor) not in OWN or tensor.dtype not in _DTYPES or not tensor.is_cpu:
                return None
        return one if one.fits(layer, *args) else None


def told(
    mentions: Mentions, decoder: Any, one: Layer, name: str, args: Inputs, own: Own, output: Any
) -> tuple[Any, ...]:
    """What ``Decoder.several`` is told of a layer that ran."""
    operations = one.mentioned(mentions, args, own, output)
    if operations is not None:
        return ([(decoder.forward, what) for what in operations],)
    inputs = [(f"args[{i}]", mentions.seen(tensor)) for i, tensor in enumerate(args)]
    return ([(decoder.named, (name, inputs, {}, [mentions.seen(output)]))],)


# ---------------------------------------------------------------------- one operation


def _single(
    func: Any,
    node: type,
    inputs: int = 1,
    fits: Callable[..., bool] = lambda layer, x: x.requires_grad,
    own: Callable[[Any, Any], Own] = lambda layer, output: {},
) -> Layer:
    """A layer that is one operation; its ``own`` are arguments by name."""

    def mentioned(
        mentions: Mentions, args: Inputs, own: Own, output: Any
    ) -> list[tuple[Any, ...]] | None:
        if type(grad_fn_of(output)) is not node:
            return None
        return [operation(mentions, plan_of(func), args, own, output, ())]

    return Layer(inputs, fits, own, mentioned)


def _compares(layer: Any, x: Any, y: Any) -> bool:
    """Whether a loss compares number by number, unweighted, and leads to a gradient."""
    if layer.reduction not in REDUCTIONS:
        return False
    if getattr(layer, "weight", None) is not None or getattr(layer, "pos_weight", None) is not None:
        return False
    return bool(x.requires_grad and x.shape == y.shape and x.dtype == y.dtype)


def _reduced(layer: Any, _: Any) -> Own:
    return {"reduction": reductions.get_enum(layer.reduction)}


# ---------------------------------------------------------------------- Linear


def _is_affine(layer: Any, x: Any) -> bool:
    """Whether there is a weight to learn and a bias to add, for rows that fit."""
    weight: Any = getattr(layer, "weight", None)
    bias: Any = getattr(layer, "bias", None)
    return bool(
        x.ndim == 2
        and type(weight) in OWN
        and weight.requires_grad
        and weight.ndim == 2
        and x.shape[1] == weight.shape[1]
        and x.dtype is weight.dtype
        and type(bias) in OWN
        and bias.dtype is weight.dtype
        and bias.is_cpu
        and weight.is_cpu
    )


def _factors(layer: Any, output: Any) -> Own:
    """Weight, bias, and the weight's transpose if autograd needs it for the input's gradient."""
    node = grad_fn_of(output)
    kept = node._saved_mat2 if type(node) is _NODES.AddmmBackward0 else None
    return {"weight": layer.weight, "bias": layer.bias, "transposed": kept}


def _affine(
    mentions: Mentions, args: Inputs, own: Own, output: Any
) -> list[tuple[Any, ...]] | None:
    node = grad_fn_of(output)
    if type(node) is not _NODES.AddmmBackward0:
        return None
    transposing, _ = node.next_functions[2]
    if type(transposing) is not _NODES.TBackward0:
        return None
    weight, bias, transposed = own["weight"], own["bias"], own["transposed"]
    if transposed is None:  # nobody has it any more
        transposed = weight.detach().t()
        mentions.seen(transposed)
        mentions.says(transposed, Attributes(transposing, True, False, transposing))
    plan, adding = plan_of(_ATEN.t.default), plan_of(_ATEN.addmm.default)
    return [
        operation(mentions, plan, (weight,), {}, transposed, ()),
        operation(mentions, adding, (bias, *args, transposed), {}, output, ()),
    ]


LAYERS: dict[type, Layer] = {
    torch.nn.Linear: Layer(1, _is_affine, _factors, _affine),
    torch.nn.Tanh: _single(_ATEN.tanh.default, _NODES.TanhBackward0),
    torch.nn.Sigmoid: _single(_ATEN.sigmoid.default, _NODES.SigmoidBackward0),
    torch.nn.ReLU: _single(
        _ATEN.relu.default,
        _NODES.ReluBackward0,
        1,
        lambda layer, x: x.requires_grad and not layer.inplace,
    ),
    torch.nn.MSELoss: _single(
        _ATEN.mse_loss.default, _NODES.MseLossBackward0, 2, _compares, _reduced
    ),
    torch.nn.BCELoss: _single(
        _ATEN.binary_cross_entropy.default,
        _NODES.BinaryCrossEntropyBackward0,
        2,
        _compares,
        _reduced,
    ),
    torch.nn.BCEWithLogitsLoss: _single(
        _ATEN.binary_cross_entropy_with_logits.default,
        _NODES.BinaryCrossEntropyWithLogitsBackward0,
        2,
        _compares,
        _reduced,
    ),
}
