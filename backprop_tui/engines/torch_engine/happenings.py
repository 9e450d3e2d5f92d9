"""What PyTorch does in Python: modules at work, gradients cleared, optimizers stepping, loaders.

Where PyTorch offers a hook for all modules or all optimizers, it is used. Where it has none, its
function is wrapped. Both are in place only while somebody records, and do nothing in a thread
where nobody does.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
import torch.utils.data
from torch.nn.modules import module as modules
from torch.optim import optimizer as optimizers
from torch.utils.data._utils import fetch

from backprop_tui.engines.base import Array, Operand, Scalar, TensorValue
from backprop_tui.engines.torch_engine.aten import plain as plain_value
from backprop_tui.engines.torch_engine.backward import RecordedEngine
from backprop_tui.engines.torch_engine.loaders import counting, drawing, fetching
from backprop_tui.engines.torch_engine.recorder import Recorder, current
from backprop_tui.engines.torch_engine.seen import grad_fn_of, unseen
from backprop_tui.ops.updates import hyperparameters

State = Mapping[str, Array | Scalar]

# ---------------------------------------------------------------------- modules at work


def _enters(module: Any, _: Any) -> None:
    recorder = current()
    if recorder is not None and recorder.listener is not None:
        recorder.listener.enter_module(module)


def _exits(module: Any, *_: Any) -> None:
    recorder = current()
    if recorder is not None and recorder.listener is not None:
        recorder.listener.exit_module(module)


# ---------------------------------------------------------------------- gradients cleared


def _clearing(plain: Callable[..., Any], tensors: Callable[[Any], Iterable[Any]]) -> Any:
    """``zero_grad`` of modules and optimizers."""

    @functools.wraps(plain)
    def zero_grad(self: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = current()
        if recorder is None or recorder.quiet or recorder.listener is None:
            return plain(self, *args, **kwargs)
        book, cleared = recorder.book, list(tensors(self))
        with recorder.muted():
            with unseen():
                before = [book.grad(tensor) for tensor in cleared]
            result = plain(self, *args, **kwargs)
        with unseen():
            told = [
                (book.snapshot(tensor), grad, book.grad(tensor))
                for tensor, grad in zip(cleared, before, strict=True)
            ]
        if told:
            recorder.listener.zero_grad(tuple(told))
        return result

    return zero_grad


def _in_groups(optimizer: Any) -> list[Any]:
    return [param for group in optimizer.param_groups for param in group["params"]]


# ---------------------------------------------------------------------- optimizers stepping


class _Stepping:
    """One ``step()``: the parameters as they were when the updates began."""

    def __init__(self, recorder: Recorder, optimizer: Any) -> None:
        self.recorder = recorder
        self.optimizer = optimizer
        self.began = False
        self.before: list[tuple[Any, dict[str, Scalar], Array, TensorValue, State]] = []
        self.look()

    def look(self) -> None:
        with unseen():
            self._look()

    def _look(self) -> None:
        book = self.recorder.book
        self.before = []
        for group in self.optimizer.param_groups:
            numbers = {
                name: value.item() if isinstance(value, torch.Tensor) else value
                for name, value in group.items()
                if name != "params"
            }
            told = hyperparameters(numbers)
            for param in group["params"]:
                grad = book.grad(param)
                if grad is not None:
                    self.before.append((param, told, grad, book.snapshot(param), self.state(param)))

    def state(self, param: Any) -> dict[str, Array | Scalar]:
        """What the optimizer remembers of a parameter: arrays, and ``step`` as a number."""
        told: dict[str, Array | Scalar] = {}
        for name, value in self.optimizer.state.get(param, {}).items():
            if isinstance(value, torch.Tensor):
                array = self.recorder.book.array(value)
                assert array is not None
                told[name] = array.item() if name == "step" else array
            elif isinstance(value, bool | int | float):
                told[name] = float(value) if name == "step" else value
        return told

    def tell(self) -> None:
        with unseen():
            self._tell()

    def _tell(self) -> None:
        listener, book = self.recorder.listener, self.recorder.book
        assert listener is not None
        for param, group, grad, before, state in self.before:
            listener.update(
                type(self.optimizer).__name__,
                group,
                grad,
                before,
                book.snapshot(param),
                state,
                self.state(param),
            )


class _Steps(threading.local):
    """The steps at work in this thread, the innermost last."""

    def __init__(self) -> None:
        self.stack: list[_Stepping] = []


_steps = _Steps()


def _before_step(optimizer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    recorder = current()
    if recorder is None or recorder.quiet or recorder.listener is None:
        return None
    recorder.flush()
    step = _Stepping(recorder, optimizer)
    _steps.stack.append(step)
    recorder.quiet += 1
    closure = args[1] if len(args) > 1 else kwargs.get("closure")
    if closure is None:
        return None

    def heard() -> Any:
        with recorder.heard():
            loss = closure()
        if not step.began:  # the first time; what follows is the optimizer's own search
            step.began = True
            step.look()
        return loss

    if len(args) > 1:
        return (args[0], heard, *args[2:]), kwargs
    return args, {**kwargs, "closure": heard}


def _after_step(optimizer: Any, *_: Any) -> None:
    recorder = current()
    if recorder is None or not _steps.stack or _steps.stack[-1].optimizer is not optimizer:
        return
    step = _steps.stack.pop()
    recorder.quiet -= 1
    step.tell()


def step_ends(recorder: Recorder) -> None:
    """A step that is still at work is told as it is now: nobody listens when it ends."""
    while _steps.stack and _steps.stack[-1].recorder is recorder:
        step = _steps.stack.pop()
        recorder.quiet -= 1
        step.tell()


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
            result = plain(self, *args, **kwargs)
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
        book = recorder.book
        with recorder.muted():
            tensors = [(i, t) for i, t in enumerate(args) if isinstance(t, torch.Tensor)]
            with unseen():
                inputs = tuple(Operand(f"args[{i}]", book.snapshot(t)) for i, t in tensors)
            result = plain.__func__(cls, *args, **kwargs)
        made = result if isinstance(result, tuple) else (result,)
        outputs = [one for one in made if isinstance(one, torch.Tensor)]
        with unseen():
            node = next((n for n in map(grad_fn_of, outputs) if n is not None), None)
            if node is not None:
                book.outputs_of(node, len(outputs))
            recorder.listener.forward(
                cls.__name__,
                inputs,
                {
                    f"args[{i}]": plain_value(a)
                    for i, a in enumerate(args)
                    if not isinstance(a, torch.Tensor)
                },
                tuple(book.snapshot(one) for one in outputs),
                None if node is None else book.node_value(node),
            )
        return result

    return classmethod(apply)


# ---------------------------------------------------------------------- put in place

#: where, what → its wrapper
_WRAPPED: tuple[tuple[Any, str, Callable[[Any], Any]], ...] = (
    (torch.nn.Module, "zero_grad", lambda f: _clearing(f, lambda m: m.parameters())),
    (torch.optim.Optimizer, "zero_grad", lambda f: _clearing(f, _in_groups)),
    (torch.nn.Module, "load_state_dict", _loading),
    (torch.nn.Module, "state_dict", _quietly),
    (torch.nn.Module, "_apply", _casting),
    (torch.nn.Module, "__repr__", _quietly),
    (torch.optim.Optimizer, "load_state_dict", _quietly),
    (fetch._MapDatasetFetcher, "fetch", fetching),
    (torch.autograd.Function, "apply", _applied),
    (torch.utils.data.RandomSampler, "__init__", counting),
    (torch.utils.data.RandomSampler, "__iter__", drawing),
    (torch.autograd.Variable, "_execution_engine", RecordedEngine),
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
                    modules.register_module_forward_pre_hook(_enters).remove,
                    modules.register_module_forward_hook(_exits, always_call=True).remove,
                    optimizers.register_optimizer_step_pre_hook(_before_step).remove,
                    optimizers.register_optimizer_step_post_hook(_after_step).remove,
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
