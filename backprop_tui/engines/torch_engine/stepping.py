"""Optimizers stepping: parameters and state before and after, with PyTorch undisturbed between.

PyTorch offers hooks before and after a step. PyTorch's own optimizers run unobserved between them:
what they write to is known, and copied before. Where they raise, nothing is called; but they leave
the profiler's block around the step, and that is noticed.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

import torch

from backprop_tui.engines.base import Scalar
from backprop_tui.engines.torch_engine.mentions import Mention
from backprop_tui.engines.torch_engine.recorder import Recorder, current
from backprop_tui.engines.torch_engine.seen import unseen

State = dict[str, Mention | Scalar]
#: A parameter, its group's numbers, its gradient, itself before, and its state before.
Entry = tuple[Any, dict[str, Any], Mention, Mention, State]


class _Stepping:
    """One ``step()``: the parameters as they were when the updates began."""

    def __init__(self, recorder: Recorder, optimizer: Any, closure: bool) -> None:
        self.recorder = recorder
        self.optimizer = optimizer
        self.began = False
        self.before: list[Entry] = []
        self.guards: list[Any] = []
        alone = not closure and type(optimizer).__module__.startswith("torch.optim")
        alone = alone and not any(group.get("fused") for group in optimizer.param_groups)
        if alone:  # until it is over nothing else is looked at
            self.guards = [torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction()]
            for guard in self.guards:
                guard.__enter__()
            self._mention()
            self._keep()
        else:
            self.look()
        recorder.quiet += 1

    def _keep(self) -> None:
        """PyTorch's own optimizer writes to parameters and their state, and to nothing else."""
        written = []
        for param, *_ in self.before:
            written.append(param)
            for value in self.optimizer.state.get(param, {}).values():
                if isinstance(value, torch.Tensor):
                    written.append(value)
        self.recorder.mentions.written(*written)

    def look(self) -> None:
        """Mention everything as it is before the updates, which code of the program's may delay."""
        waiting = self.recorder.mentions.waiting
        self._mentioned(waiting.discard)
        with unseen():
            self._mention()
        self._mentioned(waiting.add)

    def _mention(self) -> None:
        mentions = self.recorder.mentions
        self.before = []
        for group in self.optimizer.param_groups:
            told = {
                name: value.item() if isinstance(value, torch.Tensor) else value
                for name, value in group.items()
                if name != "params"
            }
            for param in group["params"]:
                grad = mentions.grad(param)
                if grad is not None:
                    mentions.has_grad(param)
                    self.before.append(
                        (param, told, grad, mentions.seen(param), self._state(param))
                    )

    def _mentioned(self, do: Callable[[Mention], None]) -> None:
        for _, _, grad, param, state in self.before:
            do(grad)
            do(param)
            for value in state.values():
                if isinstance(value, Mention):
                    do(value)

    def _state(self, param: Any) -> State:
        of = self.recorder.mentions.of
        return {
            name: of(value) if isinstance(value, torch.Tensor) else value
            for name, value in self.optimizer.state.get(param, {}).items()
            if isinstance(value, torch.Tensor | bool | int | float)
        }

    def over(self) -> None:
        """PyTorch is observed again."""
        self.recorder.quiet -= 1
        for guard in reversed(self.guards):
            guard.__exit__(None, None, None)
        self.guards = []

    def tell(self) -> None:
        """What the step changed."""
        recorder, name = self.recorder, type(self.optimizer).__name__
        note = recorder.note
        with unseen():
            for param, group, grad, before, state in self.before:
                after = recorder.mentions.seen(param)
                note(
                    recorder.decoder.updated,
                    param, name, group, grad, before, after, state, self._state(param),
                )  # fmt: skip
                note = recorder.also
        self._mentioned(recorder.mentions.waiting.discard)
        recorder.flush()


class _Steps(threading.local):
    """The steps at work in this thread, the innermost last."""

    def __init__(self) -> None:
        self.stack: list[_Stepping] = []


_steps = _Steps()


def before_step(optimizer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The hook before any optimizer's step."""
    recorder = current()
    if recorder is None or recorder.quiet or recorder.listener is None:
        return None
    recorder.flush()
    closure = args[1] if len(args) > 1 else kwargs.get("closure")
    step = _Stepping(recorder, optimizer, closure is not None)
    _steps.stack.append(step)
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


def after_step(optimizer: Any, *_: Any) -> None:
    """The hook after any optimizer's step."""
    if _steps.stack and _steps.stack[-1].optimizer is optimizer:
        step = _steps.stack.pop()
        step.over()
        step.tell()


def step_ends(recorder: Recorder) -> None:
    """A step that is still at work is told as it is now: nobody listens when it ends."""
    while _steps.stack and _steps.stack[-1].recorder is recorder:
        step = _steps.stack.pop()
        step.over()
        step.tell()


def entering(plain: Callable[..., Any]) -> Any:
    """``record_function.__enter__``: the profiler's own operations are no work of PyTorch's."""

    @functools.wraps(plain)
    def entered(self: Any) -> Any:
        recorder = current()
        if recorder is None:
            return plain(self)
        with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
            return plain(self)

    return entered


def leaving(plain: Callable[..., Any]) -> Any:
    """``record_function.__exit__``: a step that raised is over, and told as far as it came."""

    @functools.wraps(plain)
    def left(self: Any, kind: Any, *args: Any) -> Any:
        if kind is not None and _steps.stack and self.name.startswith("Optimizer.step#"):
            step = _steps.stack[-1]
            if self.name == f"Optimizer.step#{type(step.optimizer).__name__}.step":
                _steps.stack.pop()
                step.over()
                step.tell()
        recorder = current()
        if recorder is None:
            return plain(self, kind, *args)
        with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
            return plain(self, kind, *args)

    return left
