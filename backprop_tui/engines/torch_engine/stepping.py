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

from backprop_tui.engines.torch_engine.decoder import State
from backprop_tui.engines.torch_engine.mentions import Mention, Mentions
from backprop_tui.engines.torch_engine.recorder import Recorder, current
from backprop_tui.engines.torch_engine.seen import grad_of, unseen

#: A parameter, its group's numbers, its gradient, itself before, and its state before.
Entry = tuple[Any, dict[str, Any], Mention, Mention, State]
_NO_STATE: dict[str, Any] = {}


class _Stepping:
    """One ``step()``: the parameters as they were when the updates began."""

    def __init__(self, recorder: Recorder, optimizer: Any, closure: bool) -> None:
        self.recorder = recorder
        self.optimizer = optimizer
        self.began = False
        #: parameters that have a gradient: with their group's numbers, gradient and state
        self.given: list[tuple[Any, dict[str, Any], Any, dict[str, Any]]] = []
        #: what of that is told
        self.before: list[Entry] = []
        self.guards: list[Any] = []
        self.alone = not closure and type(optimizer).__module__.startswith("torch.optim")
        if self.alone and any(group.get("fused") for group in optimizer.param_groups):
            self.alone = False
        if self.alone:  # until it is over nothing else is looked at
            self.guards = [torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction()]
            for guard in self.guards:
                guard.__enter__()
            self._look()
            recorder.remember(self._mention)
            recorder.overwritten(self._written())
        else:
            self.look()
        recorder.quiet += 1

    def _look(self) -> None:
        """Everything as it is."""
        self.given = []
        for group in self.optimizer.param_groups:
            told = {
                name: value.item() if isinstance(value, torch.Tensor) else value
                for name, value in group.items()
                if name != "params"
            }
            for param in group["params"]:
                grad = grad_of(param)
                if grad is not None:
                    self.given.append((param, told, grad, self._state(param)))

    def _state(self, param: Any) -> dict[str, Any]:
        """What the optimizer remembers of a parameter, now."""
        values = self.optimizer.state.get(param)
        if not values:
            return _NO_STATE
        plain = torch.Tensor | bool | int | float
        return {name: value for name, value in values.items() if isinstance(value, plain)}

    def _written(self) -> list[Any]:
        """PyTorch's own optimizers write to parameters and their state, and to nothing else."""
        written = [param for param, *_ in self.given]
        for *_, state in self.given:
            written += [value for value in state.values() if isinstance(value, torch.Tensor)]
        return written

    def _mention(self, mentions: Mentions) -> tuple[Any, ...]:
        self.before = []
        for param, told, grad, state in self.given:
            mentions.has_grad(param)
            seen = mentions.seen(param)
            self.before.append((param, told, mentions.of(grad), seen, _known(mentions, state)))
        return ()

    def look(self) -> None:
        """Mention everything as it is before the updates, which code of the program's may delay."""
        mentions = self.recorder.mentions
        self._mentioned(mentions.waiting.discard)
        with unseen():
            self._look()
            self._mention(mentions)
        self._mentioned(mentions.waiting.add)

    def _mentioned(self, do: Callable[[Mention], None]) -> None:
        for _, _, grad, param, state in self.before:
            do(grad)
            do(param)
            for value in state.values():
                if isinstance(value, Mention):
                    do(value)

    def over(self) -> None:
        """PyTorch is observed again."""
        self.recorder.quiet -= 1
        for guard in reversed(self.guards):
            guard.__exit__(None, None, None)
        self.guards = []

    def tell(self) -> None:
        """What the step changed."""
        recorder = self.recorder
        if self.given:
            with unseen():
                after = [(param, self._state(param)) for param, *_ in self.given]
            recorder.held(self._changed, recorder.decoder.stepped, after)
        if not self.alone:
            self._mentioned(recorder.mentions.waiting.discard)
        recorder.flush()

    def _changed(
        self, mentions: Mentions, after: list[tuple[Any, dict[str, Any]]]
    ) -> tuple[Any, ...]:
        """What ``Decoder.stepped`` is told."""
        told = [(mentions.seen(param), _known(mentions, state)) for param, state in after]
        return type(self.optimizer).__name__, self.before, told


def _known(mentions: Mentions, state: dict[str, Any]) -> State:
    of = mentions.of
    return {
        name: of(value) if isinstance(value, torch.Tensor) else value
        for name, value in state.items()
    }


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
