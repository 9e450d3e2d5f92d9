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
from backprop_tui.engines.torch_engine.mentions import Mention, Mentions
from backprop_tui.engines.torch_engine.recorder import Recorder

#: A container of more items is told by its length alone.
MOST_ITEMS = 1000


#: Code that only PyTorch or this engine calls → after how many frames one of the user's can follow.
FAR: dict[CodeType, int] = {
    Recorder.plainly.__code__: 2,  # the mode, or what handles one function
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

    def __init__(self, module: Any, tensors: Sequence[tuple[str, Was]]) -> None:
        self.module = module
        self.tensors = tensors


class Was:
    """A tensor as it was; it is mentioned when that is told, or before something changes it."""

    __slots__ = ("mention", "tensor")

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor
        self.mention: Mention | None = None

    def mentioned(self, mentions: Mentions) -> tuple[Any, ...]:
        """It is mentioned."""
        self.mention = mentions.seen(self.tensor)
        mentions.waiting.add(self.mention)
        return ()


class Captured:
    """An engine that is asked of values as they were."""

    def __init__(self, engine: TorchEngine) -> None:
        self.engine = engine
        self._recorder = engine.recorder
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

        recorder.look = looks

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

    def _mention(self, tensor: Any) -> Was:
        was = Was(tensor)
        self._recorder.remember(was.mentioned)
        return was

    # ------------------------------------------------------------------ asked later

    def kind(self, value: object) -> str | None:
        """What kind of value was captured, as an engine says it."""
        return "Tensor" if type(value) is Was else self.engine.kind(value)

    def snapshot(self, value: Any) -> TensorValue:
        """The tensor as it was."""
        if type(value) is not Was:
            return self.engine.snapshot(value)
        mentions = self._recorder.mentions
        assert value.mention is not None
        with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
            told = self._book.value(value.mention)
        mentions.waiting.discard(value.mention)
        return told
