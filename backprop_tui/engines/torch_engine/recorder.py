"""Captures what PyTorch does: which operations run, on what, and in which function as written.

    z = F.linear(x, w, b)        FunctionMode    the call as it is written
        aten.t                     DispatchMode    the operations that it consists of
        aten.addmm                 DispatchMode  ──▶ tape: plan, mentions of inputs and outputs

The object that the dispatch mode returns is the object that autograd then gives its ``grad_fn``; so
nothing is told before the next operation begins or the call as written returns.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from backprop_tui.engines.torch_engine.aten import PLANS, Plan, plan_of
from backprop_tui.engines.torch_engine.decoder import InPlace
from backprop_tui.engines.torch_engine.inside import called
from backprop_tui.engines.torch_engine.layers import Layer, told
from backprop_tui.engines.torch_engine.mentions import Mention, history_of
from backprop_tui.engines.torch_engine.modes import (
    DispatchMode,
    FunctionMode,
    functions_unseen,
    operations_unseen,
)
from backprop_tui.engines.torch_engine.operands import Numbers, operands, operation, outputs
from backprop_tui.engines.torch_engine.room import Allocate, ask_for_room
from backprop_tui.engines.torch_engine.tape import Mentioning, Tape

Handler = Callable[["Recorder", Any, tuple[Any, ...], Mapping[str, Any]], Any]

_VIEWING = ("view", "view_as", "unflatten", "__get__")
_PRODUCTS = ("matmul", "__matmul__", "__rmatmul__")
#: After these, einsum makes a view of its product, whatever lies in memory.
_PRODUCT_OF_EINSUM = ("bmm", "view", "permute")

#: What belongs to the call at work, and is put aside while code of the program's own runs in it.
_INSIDE = (
    "quiet", "in_backward", "builds", "function", "grad_enabled", "fixed", "sums", "_fresh",
    "_numbers",
)  # fmt: skip


class Recorder(Tape):
    """One engine's record of what happens in the thread where it is ``active``."""

    def __init__(self, handled: Mapping[Any, Handler]) -> None:
        super().__init__()
        self.allocate: Allocate | None = None
        self.aside: DispatchMode | None = None
        #: Nodes with a smaller number were made before recording began
        self.first_node = 0
        #: functions that are told in their own way
        self.handled = handled
        #: above 0 nothing is told: PyTorch's own bookkeeping
        self.quiet = 0
        #: the function that is being called, as it is written, and with what
        self.function: Any = None
        self.arguments: tuple[Any, ...] = ()
        self._asked = False
        #: what the call at work noted last
        self._last: Any = None
        #: the names of the last three operations
        self._names: tuple[str, ...] = ("", "", "")
        #: what the function being called made for itself, and numbers that it turned into tensors
        self._fresh: dict[int, Any] = {}
        self._numbers: dict[int, tuple[Any, Any]] = {}
        #: the sums that ran in one Node: id of the result → (result, what was summed)
        self.sums: dict[int, tuple[Any, Any]] = {}
        #: whether the backward at work makes a graph of what it computes
        self.builds = False
        #: leaves that backward can reach → their ``.grad`` before
        self.grads: dict[int, Mention | None] = {}
        #: whether code of the program's own can run in a backward: in hooks on tensors that are
        #: no leaves, or on what is saved for it
        self.hooked = False
        #: tensors that ``retain_grad`` was asked of
        self.retaining: list[weakref.ref[Any]] = []

    # ------------------------------------------------------------------ at work

    @contextmanager
    def active(self) -> Iterator[None]:
        """Inside, what PyTorch does in this thread is recorded."""
        self.first_node = torch._C._autograd._get_sequence_nr()
        if torch._C._autograd._top_saved_tensors_default_hooks(True) is not None:
            self.hooked = True
        with FunctionMode(self), DispatchMode(self):
            before, _local.recorder = current(), self
            try:
                yield
            finally:
                _local.recorder = before
                self.drain()
                self.book.promises.settle()

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Nothing is told inside."""
        self.flush()
        self.quiet += 1
        try:
            yield
        finally:
            self.quiet -= 1

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Code of the program's own, called from inside PyTorch: it is told again."""
        before = {name: getattr(self, name) for name in _INSIDE}
        self.quiet = self.in_backward = 0
        self.builds = False
        self.function = self.grad_enabled = self.fixed = None
        self._fresh, self._numbers, self.sums = {}, {}, {}
        try:
            with FunctionMode(self):
                yield
                self.flush()
        finally:
            for name, value in before.items():
                setattr(self, name, value)

    # ------------------------------------------------------------------ functions as written

    def plainly(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Call a function, or read or set an attribute of a tensor, and tell the operations that it
        runs."""
        outer, self.function = self.function, func
        arguments, self.arguments = self.arguments, args
        self._asked = False
        try:
            return func(*args, **kwargs) if kwargs else func(*args)
        finally:
            self.function, self.arguments = outer, arguments
            self._last = None
            self.flush()
            if outer is None and self._fresh:
                self._fresh.clear()
                self._numbers.clear()

    def unwatched(
        self, layer: Layer, plain: Callable[..., Any], module: Any, args: tuple[Any, ...]
    ) -> Any:
        """A layer of which is known what it runs, called with nobody watching it."""
        with functions_unseen(self), operations_unseen(self) as operations:
            output = plain(module, *args)
            if operations.mode is not None:  # else somebody else watches as well: all was seen
                own, name = layer.own(module, output), type(module).__name__
                self.held(told, self.decoder.several, self.decoder, layer, name, args, own, output)
                self._uses((output, *own.values()))
        return output

    def retains(self, tensor: Any) -> None:
        """A tensor was asked to keep its gradient."""
        self.retaining = [ref for ref in self.retaining if ref() is not None]
        self.retaining.append(weakref.ref(tensor))

    def assigned(self, attribute: str, tensor: Any) -> None:
        """An attribute of a tensor was set."""
        mentions = self.mentions
        if attribute == "grad":
            mentions.has_grad(tensor)
            if id(tensor) in self.grads:
                self.grads[id(tensor)] = mentions.grad(tensor)
        self.note(self.decoder.assigned, attribute, mentions.seen(tensor), mentions.grad(tensor))
        self.flush()

    def filled(self, tensor: Any) -> None:
        """A tensor got other numbers, outside of any graph."""
        mentions = self.mentions
        changed = self._counted_later(mentions.aliases(tensor))
        self.note(self.decoder.filled, changed, mentions.grad(tensor))
        self.flush()

    @staticmethod
    def _counted_later(changed: list[Mention]) -> list[Mention]:
        """What an operation has just changed: PyTorch counts its versions only after it."""
        for mention in changed:
            mention.version = -1
        return changed

    # ------------------------------------------------------------------ operations

    def dispatch(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """An ATen operation runs."""
        plan = PLANS.get(func) or plan_of(func)
        inside = self.in_backward and not (self.builds and _needs_grad(args))
        if inside and plan.idle:
            return func(*args, **kwargs)
        if plan.written:
            return self._changing(plan, func, args, kwargs)
        if plan.remembers:
            return self._remembering(plan, func, args, kwargs)
        if inside:
            return self._inside_node(plan, func, args, kwargs)
        if not self.most:
            self.flush()
        if self.allocate is not None and (not plan.view or plan.name == "expand"):
            ask_for_room(self.allocate, plan, func, args, kwargs)
        if self.quiet or self._listener is None:
            return func(*args, **kwargs)
        if plan.silent or (plan.suspect and self._own_business(plan)):
            output = func(*args, **kwargs)
            self._made(plan, args, output)
            return output
        if plan.other is not None and self._is_other(plan, args, kwargs):
            plan = plan.other
        numbers = self._given_as_numbers(plan) if self._numbers else ()
        if plan.reshapes:
            return self._reshaping(plan, func, args, kwargs, numbers)
        output = self._inside_node(plan, func, args, kwargs)
        if plan.view and torch.is_inference_mode_enabled():
            _like_its_base(output, args[0])
        self._ran(operation, plan, args, kwargs, output, numbers)
        self._uses(args)
        self._uses((output,) if isinstance(output, torch.Tensor) else output)
        return output

    def _uses(self, values: Sequence[Any]) -> None:
        """What is kept for these."""
        for value in values:
            if isinstance(value, torch.Tensor):
                self.nbytes += value.numel() * value.element_size()
                if value._is_view():
                    self.viewed(value)

    def _reshaping(
        self,
        plan: Plan,
        func: Any,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        numbers: Numbers,
    ) -> Any:
        """An operation that makes another view of a tensor's memory of the tensor itself."""
        given, named, known = operands(self.mentions, args, kwargs, numbers)
        self.written(args[0])
        output = self._inside_node(plan, func, args, kwargs)
        self._ran(None, plan, given, named, outputs(self.mentions, plan, output), known, None)
        return output

    def _ran(self, mention: Mentioning, plan: Plan, *what: Any) -> None:
        self.held(mention, self.forward, plan, *what)
        self._last = self.noted[-1]
        self._names = (*self._names[1:], plan.name)

    def _inside_node(
        self, plan: Plan, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Part of a Node's work; of interest only if it sums a gradient back to a smaller shape."""
        output = func(*args, **kwargs) if kwargs else func(*args)
        if not self.in_backward:
            return output
        if plan.name == "sum" or (plan.name == "sum.dim" and len(args) > 2 and args[2]):
            self.sums[id(output)] = (output, args[0])
        elif plan.name == "view" and id(args[0]) in self.sums:
            self.sums[id(output)] = (output, self.sums[id(args[0])][1])
        return output

    def _own_business(self, plan: Plan) -> bool:
        """Whether PyTorch runs an operation for itself: to save a tensor, or to look at it."""
        name = getattr(self.function, "__name__", "")
        if plan.name == "detach":
            return name != "detach"
        return plan.name == "transpose" and name in _PRODUCTS and self._folds()

    def _folds(self) -> bool:
        """Whether a product has yet to ask if its second, larger factor can be a matrix."""
        asks = not self._asked and self.arguments[0].ndim < self.arguments[1].ndim > 2
        self._asked = True
        return asks

    def _made(self, plan: Plan, args: tuple[Any, ...], output: Any) -> None:
        """Remember what a function makes for itself alone."""
        if self.function is not None and isinstance(output, torch.Tensor):
            self._fresh[id(output)] = output
            if plan.name == "scalar_tensor":
                self._numbers[id(output)] = (output, args[0])
            elif plan.name == "lift_fresh" and self.function is torch.Tensor.__setitem__:
                value = self.arguments[2]
                if isinstance(value, bool | int | float):
                    self._numbers[id(output)] = (output, value)

    def _given_as_numbers(self, plan: Plan) -> Numbers:
        """The tensors that are numbers as the call is written."""
        if plan.name in ("index_put", "where") and not self._names_a_tensor(plan):
            return ()
        return list(self._numbers.values())

    def _names_a_tensor(self, plan: Plan) -> bool:
        """Whether there is a tensor beside the number in ``where``; alone they become tensors."""
        others = self.arguments[1:] if plan.name == "where" else ()
        return any(isinstance(one, torch.Tensor) for one in others)

    def _is_other(self, plan: Plan, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
        if plan.name != "view":
            return any(kwargs.get(factor, 1) != 1 for factor in ("alpha", "beta"))
        # PyTorch's reshape takes another way as soon as somebody watches its operations: told is
        # the way that it takes when nobody does.
        name = getattr(self.function, "__name__", "view")
        if args[0].is_contiguous() or name in _VIEWING:
            return False
        if name == "einsum" and self._names == _PRODUCT_OF_EINSUM:
            return False
        return not (hasattr(self.function, "__code__") and "view" in called())

    def _changing(
        self, plan: Plan, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """An operation that writes into a tensor."""
        bound = plan.bind(args, kwargs)
        written = [bound[name] for name in plan.written]
        target = written[0]
        self._drop_copy(target)
        self.flush()
        silent = (
            self.quiet
            or self.in_backward
            or self._listener is None
            or plan.silent
            or not plan.in_place
            or not isinstance(target, torch.Tensor)
            or (id(target) in self._fresh and not _into_graph(args))
        )
        mentions = self.mentions
        if not silent and not plan.fills:
            plan, begun = self._begin(plan, args, kwargs)
            in_place = InPlace(history_of(target))
        for one in written:
            for tensor in one if isinstance(one, list | tuple) else (one,):
                if isinstance(tensor, torch.Tensor):
                    self.written(tensor)
        output = func(*args, **kwargs)
        if silent:
            return output
        if plan.fills:
            self.filled(target)
            return output
        given, named, numbers = begun
        in_place.changed = self._counted_later(mentions.aliases(target))
        in_place.grads = mentions.grads_in(target)
        self._ran(None, plan, given, named, in_place.changed[:1], numbers, in_place)
        return output

    def _begin(
        self, plan: Plan, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[Plan, tuple[list[Any], Mapping[str, Any], Mapping[Mention, Any]]]:
        """The plan that it is told by, and its arguments as they are now."""
        if plan.other is not None and self._is_other(plan, args, kwargs):
            plan = plan.other
        numbers = self._given_as_numbers(plan) if self._numbers else ()
        return plan, operands(self.mentions, args, kwargs, numbers)

    def _drop_copy(self, target: Any) -> None:
        """A clone is not told by which autograd keeps for itself what the tensor was before."""
        last = self._last
        if last is not None and self.noted and self.noted[-1] is last:
            plan, given = last[4:6]
            if plan.name == "clone" and given[0] is target:
                self.noted.pop()
        self._last = None

    def _remembering(
        self, plan: Plan, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """A normalisation, which while training changes its running statistics."""
        self.flush()
        bound = plan.bind(args, kwargs)
        told = not self.quiet and not self.in_backward and self._listener is not None
        mentions = self.mentions
        if told:
            plan, (given, named, numbers) = self._begin(plan, args, kwargs)
        changed = [bound[name] for name in plan.remembers] if bound["training"] else []
        changed = [tensor for tensor in changed if tensor is not None]
        for tensor in changed:
            self.written(tensor)
        output = func(*args, **kwargs)
        if told:
            made = outputs(mentions, plan, output)
            self._ran(None, plan, given, named, made, numbers, None)
            for tensor in changed:
                self.note(self.decoder.filled, mentions.aliases(tensor), mentions.grad(tensor))
        return output


def _like_its_base(output: Any, base: Any) -> None:
    """Inside a composite that was taken apart, nobody says that a view wants a gradient, too."""
    if isinstance(output, torch.Tensor) and base.requires_grad and not output.requires_grad:
        output.requires_grad_()


def _needs_grad(args: tuple[Any, ...]) -> bool:
    """Whether a tensor among the arguments asks for a gradient: what is computed gets a Node."""
    return any(
        one.requires_grad
        if isinstance(one, torch.Tensor)
        else isinstance(one, list | tuple) and _needs_grad(tuple(one))
        for one in args
    )


def _into_graph(args: tuple[Any, ...]) -> bool:
    """Whether what is written gets a Node: its other arguments, or itself, have a gradient."""
    return torch.is_grad_enabled() and any(
        isinstance(one, torch.Tensor) and one.requires_grad for one in args
    )


class _Local(threading.local):
    recorder: Recorder | None = None


_local = _Local()


def current() -> Recorder | None:
    """The recorder at work in this thread."""
    return _local.recorder
