"""Values as they are when they are captured, for whoever tells of them later.

capture(value)        now: tensors are mentioned, in modules and containers too
kind, snapshot, …     later: what a recorder asks an engine, of what was captured
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import CodeType
from typing import Any

import torch

from backprop_tui.engines.base import TensorValue
from backprop_tui.engines.torch_engine.engine import TorchEngine
from backprop_tui.engines.torch_engine.mentions import Mention
from backprop_tui.engines.torch_engine.recorder import Recorder

#: A container of more items is told by its length alone.
MOST_ITEMS = 1000


#: Code that only PyTorch or this engine calls → after how many frames one of the user's can follow.
FAR: dict[CodeType, int] = {
    Recorder.plainly.__code__: 2,  # call, or what handles one function
    Recorder._ran.__code__: 2,  # dispatch
    **{
        code: 2  # _call_impl
        for code in torch.nn.Module._call_impl.__code__.co_consts
        if isinstance(code, CodeType)
    },
}


class Then:
    """A module, and its parameters and buffers as they were."""

    __slots__ = ("module", "tensors")

    def __init__(self, module: Any, tensors: Sequence[tuple[str, Mention]]) -> None:
        self.module = module
        self.tensors = tensors


class Captured:
    """An engine that is asked of values as they were."""

    def __init__(self, engine: TorchEngine) -> None:
        self.engine = engine
        self._mentions = engine.recorder.mentions
        self._book = engine.recorder.book
        self.is_grad_enabled = engine.is_grad_enabled
        self.named_modules = engine.named_modules

    def before_writes(self, look: Callable[[], object]) -> None:
        """``look`` is called before an operation writes to memory: what has been given a name by
        then can still be captured as it is."""
        recorder = self.engine.recorder

        def looks() -> None:
            if not (recorder.quiet or recorder.in_backward):
                look()

        self._mentions.look = looks

    def capture(self, value: Any) -> Any:
        """What tells of ``value`` later, as it is now."""
        if isinstance(value, torch.Tensor):
            return self._mention(value)
        if isinstance(value, torch.nn.Module):
            tensors = self.engine.named_parameters(value)
            return Then(value, [(name, self._mention(tensor)) for name, tensor in tensors])
        if isinstance(value, list | tuple) and len(value) <= MOST_ITEMS:
            kind = tuple if isinstance(value, tuple) else list
            return kind([self._item(item) for item in value])
        if type(value) is dict and len(value) <= MOST_ITEMS:
            return {key: self._item(item) for key, item in value.items()}
        return value

    def _item(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return self._mention(value)
        if isinstance(value, list | tuple) and len(value) <= MOST_ITEMS:
            return [self._mention(v) if isinstance(v, torch.Tensor) else v for v in value]
        return value

    def _mention(self, tensor: Any) -> Mention:
        mention = self._mentions.seen(tensor)
        self._mentions.waiting.add(mention)
        return mention

    # ------------------------------------------------------------------ asked later

    def kind(self, value: object) -> str | None:
        """What kind of value was captured, as an engine says it."""
        return "Tensor" if type(value) is Mention else self.engine.kind(value)

    def snapshot(self, value: Any) -> TensorValue:
        """The tensor as it was."""
        if type(value) is not Mention:
            return self.engine.snapshot(value)
        with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
            told = self._book.value(value)
        self._mentions.waiting.discard(value)
        return told
