"""What PyTorch does in Python: modules at work, gradients cleared, values loaded and moved.

Where PyTorch offers a hook for all optimizers, it is used. Where it has none, or a slow one, its
function is wrapped. Both are in place only while somebody records, and do nothing in a thread
where nobody does.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
import torch.utils.data
from torch.nn.modules import module as modules
from torch.optim import optimizer as optimizers
from torch.optim import swa_utils
from torch.utils.data._utils import fetch

from backprop_tui.engines.torch_engine.aten import plain as plain_value
from backprop_tui.engines.torch_engine.backward import RecordedEngine, noticing
from backprop_tui.engines.torch_engine.layers import known
from backprop_tui.engines.torch_engine.loaders import counting, drawing, fetching
from backprop_tui.engines.torch_engine.mentions import OWN, Mention, Mentions
from backprop_tui.engines.torch_engine.modes import functions_unseen, operations_unseen
from backprop_tui.engines.torch_engine.recorder import current
from backprop_tui.engines.torch_engine.seen import grad_of, unseen
from backprop_tui.engines.torch_engine.stepping import (
    after_step,
    before_step,
    entering,
    leaving,
)

# ---------------------------------------------------------------------- modules at work


#: PyTorch's own layers, but for the one that calls what it was given
_LAYERS = frozenset(
    kind
    for name, home in list(sys.modules.items())
    for kind in (vars(home).values() if name.startswith("torch.nn.modules.") else ())
    if isinstance(kind, type) and kind.__module__ == name
) - {torch.nn.TripletMarginWithDistanceLoss}


def _is_closed(module: Any) -> bool:
    """Whether no code but PyTorch's own runs in a module, unless it calls other modules."""
    kind = type(module)
    return (
        kind in _LAYERS
        and (not module._modules or kind is torch.nn.Sequential)
        and not (module._forward_hooks or module._forward_pre_hooks)
        and not (modules._global_forward_hooks or modules._global_forward_pre_hooks)
        and "forward" not in vars(module)
    )


def _calling(plain: Any) -> Any:
    """``Module.__call__``: enters, runs its hooks and its forward, exits.

    PyTorch's hooks for all modules say the same, but take it a slower way.
    """

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = current()
        if recorder is None or recorder.listener is None:
            return plain(self, *args, **kwargs)
        outside, layer = recorder.fixed, None
        place = recorder.note(recorder.enters, self)
        if not recorder.most:
            recorder.flush()
        elif _is_closed(self):
            recorder.fixed = place
            if not (kwargs or recorder.quiet or recorder.hooked or recorder.aside):
                layer = known(self, args)
        else:
            recorder.fixed = None
        try:
            if layer is None:
                return plain(self, *args, **kwargs)
            return recorder.unwatched(layer, plain, self, args)
        finally:
            recorder.note(recorder.exits, self)
            recorder.fixed = outside
            recorder.flush()

    return functools.wraps(plain)(call)


# ---------------------------------------------------------------------- backward


def _backing(plain: Any) -> Any:
    """``Tensor.backward``: until PyTorch's engine runs, only the first gradient is made."""

    @functools.wraps(plain)
    def backward(self: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = current()
        if recorder is None or recorder.quiet or type(self) not in OWN:
            return plain(self, *args, **kwargs)
        with functions_unseen(recorder), operations_unseen(recorder):
            return plain(self, *args, **kwargs)

    return backward


# ---------------------------------------------------------------------- gradients cleared


def _clearing(plain: Callable[..., Any], tensors: Callable[[Any], Iterable[Any]]) -> Any:
    """``zero_grad`` of modules and optimizers."""

    @functools.wraps(plain)
    def zero_grad(self: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = current()
        if recorder is None or recorder.quiet or recorder.listener is None:
            return plain(self, *args, **kwargs)
        cleared = list(tensors(self))
        recorder.flush()
        to_none = args[0] if args else kwargs.get("set_to_none", True)
        with unseen(), nullcontext() if to_none else operations_unseen(recorder):
            before = [grad_of(tensor) for tensor in cleared]
            told: list[Mention | None] = []
            recorder.remember(_mention_all, told, before)
            if not to_none:
                recorder.overwritten([grad for grad in before if grad is not None])
            recorder.quiet += 1
            try:
                result = plain(self, *args, **kwargs)
            finally:
                recorder.quiet -= 1
            after = [grad_of(tensor) for tensor in cleared]
        if cleared:
            recorder.held(_cleared, recorder.decoder.cleared, told, cleared, after)
            recorder.flush()
        return result

    return zero_grad


def _mention_all(
    mentions: Mentions, told: list[Mention | None], grads: Iterable[Any]
) -> tuple[Any, ...]:
    told += [None if grad is None else mentions.of(grad) for grad in grads]
    return ()


def _cleared(
    mentions: Mentions, before: list[Mention | None], tensors: list[Any], grads: list[Any]
) -> tuple[Any, ...]:
    """What ``Decoder.cleared`` is told: gradients before, tensors with their gradients after."""
    after = []
    for tensor, grad in zip(tensors, grads, strict=True):
        mentions.has_grad(tensor)
        after.append((mentions.seen(tensor), None if grad is None else mentions.of(grad)))
    return before, after


def _in_groups(optimizer: Any) -> list[Any]:
    return [param for group in optimizer.param_groups for param in group["params"]]


# ---------------------------------------------------------------------- modules' values


def _loading(plain: Callable[..., Any]) -> Any:
    """``Module.load_state_dict``: every value that was taken over is told as ``data`` set."""

    @functools.wraps(plain)
    def load_state_dict(self: Any, state_dict: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = current()
        if recorder is None or recorder.quiet:
            return plain(self, state_dict, *args, **kwargs)
        with recorder.muted():
            own = self.state_dict(keep_vars=True)
            result = plain(self, state_dict, *args, **kwargs)
        for name, tensor in own.items():
            if name in state_dict and isinstance(tensor, torch.Tensor):
                recorder.filled(tensor)
        return result

    return load_state_dict


def _averaging(plain: Callable[..., Any]) -> Any:
    """``AveragedModel.update_parameters``: what it changed is told as ``data`` set."""

    @functools.wraps(plain)
    def update_parameters(self: Any, model: Any) -> Any:
        recorder = current()
        if recorder is None or recorder.quiet:
            return plain(self, model)
        with recorder.muted():
            plain(self, model)
            own = self.state_dict(keep_vars=True)
        for tensor in own.values():
            recorder.filled(tensor)
        return None

    return update_parameters


def _quietly(plain: Callable[..., Any]) -> Any:
    """Nothing of it is told."""

    @functools.wraps(plain)
    def quietly(self: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = current()
        with nullcontext() if recorder is None else recorder.muted():
            return plain(self, *args, **kwargs)

    return quietly


def _casting(plain: Callable[..., Any]) -> Any:
    """``Module._apply`` (``to``, ``double``, ``cuda``): values that moved are told as ``data``."""

    @functools.wraps(plain)
    def apply(self: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = current()
        if recorder is None or recorder.quiet:
            return plain(self, *args, **kwargs)
        with recorder.muted():
            tensors = [
                tensor
                for part in self.modules()
                for tensor in part._parameters.values()
                if tensor is not None
            ]
            before = [(t.dtype, t.device, t.data_ptr()) for t in tensors]
            with unseen():
                grads = [tensor.grad for tensor in tensors if tensor.grad is not None]
                recorder.written(*tensors, *grads)
            result = plain(self, *args, **kwargs)
            for grad in grads:
                recorder.book.moved(grad)
            moved = [
                tensor
                for tensor, was in zip(tensors, before, strict=True)
                if (tensor.dtype, tensor.device, tensor.data_ptr()) != was
            ]
        for tensor in moved:
            recorder.book.moved(tensor)
            recorder.assigned("data", tensor)
        return result

    return apply


# ---------------------------------------------------------------------- functions of one's own


def _applied(plain: Any) -> Any:
    """``autograd.Function.apply``: one operation, named as the class; its inside is its own."""

    def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = current()
        if recorder is None or recorder.quiet or recorder.listener is None:
            return plain.__func__(cls, *args, **kwargs)
        seen = recorder.mentions.seen
        with recorder.muted():
            inputs = [
                (f"args[{i}]", seen(one))
                for i, one in enumerate(args)
                if isinstance(one, torch.Tensor)
            ]
            result = plain.__func__(cls, *args, **kwargs)
        made = result if isinstance(result, tuple) else (result,)
        attrs = {
            f"args[{i}]": plain_value(one)
            for i, one in enumerate(args)
            if not isinstance(one, torch.Tensor)
        }
        outputs = [seen(one) for one in made if isinstance(one, torch.Tensor)]
        recorder.note(recorder.decoder.named, cls.__name__, inputs, attrs, outputs)
        recorder.flush()
        return result

    return classmethod(apply)


def _packing(plain: Callable[..., Any]) -> Any:
    """``saved_tensors_hooks.__enter__``: what it unpacks with runs inside backward."""

    @functools.wraps(plain)
    def entered(self: Any) -> Any:
        recorder = current()
        if recorder is not None:
            recorder.hooked = True
        return plain(self)

    return entered


# ---------------------------------------------------------------------- put in place

#: where, what → its wrapper
_WRAPPED: tuple[tuple[Any, str, Callable[[Any], Any]], ...] = (
    (torch.nn.Module, "__call__", _calling),
    (torch.Tensor, "backward", _backing),
    (torch.nn.Module, "zero_grad", lambda f: _clearing(f, lambda m: m.parameters())),
    (torch.optim.Optimizer, "zero_grad", lambda f: _clearing(f, _in_groups)),
    (torch.nn.Module, "load_state_dict", _loading),
    (torch.nn.Module, "state_dict", _quietly),
    (torch.nn.Module, "_apply", _casting),
    (torch.nn.Module, "__repr__", _quietly),
    (torch.nn.Embedding, "_fill_padding_idx_with_zero", _quietly),
    (torch.optim.Optimizer, "load_state_dict", _quietly),
    (swa_utils.AveragedModel, "update_parameters", _averaging),
    (fetch._MapDatasetFetcher, "fetch", fetching),
    (fetch._IterableDatasetFetcher, "fetch", fetching),
    (torch.autograd.Function, "apply", _applied),
    (torch.utils.data.RandomSampler, "__init__", counting),
    (torch.utils.data.RandomSampler, "__iter__", drawing),
    (torch.autograd.graph.saved_tensors_hooks, "__enter__", _packing),
    (torch.autograd.profiler.record_function, "__enter__", entering),
    (torch.autograd.profiler.record_function, "__exit__", leaving),
    (torch.autograd.Variable, "_execution_engine", RecordedEngine),
    (torch.autograd.function._HookMixin, "_register_hook", noticing),
)


class _InPlace:
    """How many record, in all threads together; the first puts everything in place."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0
        self.undo: list[Callable[[], None]] = []

    def enter(self) -> None:
        with self.lock:
            self.count += 1
            if self.count == 1:
                self.undo = [
                    optimizers.register_optimizer_step_pre_hook(before_step).remove,
                    optimizers.register_optimizer_step_post_hook(after_step).remove,
                ]
                for owner, name, wrapper in _WRAPPED:
                    plain = vars(owner)[name]
                    setattr(owner, name, wrapper(plain))
                    self.undo.append(functools.partial(setattr, owner, name, plain))

    def leave(self) -> None:
        with self.lock:
            self.count -= 1
            if not self.count:
                for undo in self.undo:
                    undo()
                self.undo = []


_in_place = _InPlace()


@contextmanager
def noticed() -> Iterator[None]:
    """Inside, these happenings reach the recorder of the thread they are in."""
    _in_place.enter()
    try:
        yield
    finally:
        _in_place.leave()
