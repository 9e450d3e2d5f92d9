"""Records what PyTorch does: which operations run, on what, and which Node autograd makes of each.

    z = F.linear(x, w, b)        FunctionMode    the call as it is written
        aten.t                     DispatchMode    the operations that it consists of
        aten.addmm                 DispatchMode

The object that the dispatch mode returns is the object that autograd then gives its ``grad_fn``; so
an operation is *pending* until the next one begins or the call as written returns, and told then.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from backprop_tui.engines.base import GradValue, Listener, Operand, TensorValue
from backprop_tui.engines.torch_engine.aten import Bound, Plan, plan_of
from backprop_tui.engines.torch_engine.room import Allocate, ask_for_room, tensors_of
from backprop_tui.engines.torch_engine.seen import Book, grad_fn_of

Handler = Callable[["Recorder", Any, tuple[Any, ...], Mapping[str, Any]], Any]

_VIEWING = ("view", "view_as", "unflatten", "__get__")
_PRODUCTS = ("matmul", "__matmul__", "__rmatmul__")

#: What belongs to the call at work, and is put aside while code of the program's own runs in it.
_INSIDE = ("quiet", "in_backward", "function", "grad_enabled", "_fresh", "_numbers", "sums")


class Pending:
    """An operation that ran, before autograd attached its Node."""

    __slots__ = ("before", "bound", "filled", "name", "operands", "output", "plan", "target")

    def __init__(self, plan: Plan, bound: Bound, operands: tuple[Operand, ...]) -> None:
        self.plan = plan
        self.name = plan.name
        self.bound = bound
        self.operands = operands
        self.output: Any = None
        #: tensors that it also gave other numbers
        self.filled: tuple[Any, ...] = ()
        #: of an operation in place: the tensor it changes, and its Node before
        self.target: Any = None
        self.before: Any = None


class Recorder:
    """One engine's record of what happens in the thread where it is ``active``."""

    def __init__(self, handled: Mapping[Any, Handler]) -> None:
        self.listener: Listener | None = None
        self.allocate: Allocate | None = None
        self.book = Book()
        #: functions that are told in their own way
        self.handled = handled
        #: above 0 nothing is told: PyTorch's own bookkeeping
        self.quiet = 0
        #: whether gradients are wanted, as the program has it while backward runs
        self.grad_enabled: bool | None = None
        #: the function that is being called, as it is written, and with what
        self.function: Any = None
        self.arguments: tuple[Any, ...] = ()
        self._asked = False
        self._pending: Pending | None = None
        #: what the function being called made for itself, and numbers that it turned into tensors
        self._fresh: dict[int, Any] = {}
        self._numbers: dict[int, tuple[Any, Any]] = {}
        #: backwards that run inside each other, and the sums that ran in one Node:
        #: id of the result → (result, what was summed)
        self.in_backward = 0
        self.sums: dict[int, tuple[Any, Any]] = {}
        #: tensors that ``retain_grad`` was asked of
        self.retaining: list[weakref.ref[Any]] = []

    # ------------------------------------------------------------------ at work

    @contextmanager
    def active(self) -> Iterator[None]:
        """Inside, what PyTorch does in this thread is recorded."""
        with FunctionMode(self), DispatchMode(self):
            before, _local.recorder = current(), self
            try:
                yield
            finally:
                _local.recorder = before
                self.flush()

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
        self.function = self.grad_enabled = None
        self._fresh, self._numbers, self.sums = {}, {}, {}
        try:
            with FunctionMode(self):
                yield
                self.flush()
        finally:
            for name, value in before.items():
                setattr(self, name, value)

    # ------------------------------------------------------------------ functions as written

    def call(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """A function of PyTorch's is called, or an attribute of a tensor read or set."""
        handler = self.handled.get(func)
        if handler is not None:
            return handler(self, func, args, kwargs)
        return self.plainly(func, args, kwargs)

    def plainly(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Call a function and tell the operations that it runs."""
        outer, self.function = self.function, func
        arguments, self.arguments = self.arguments, args
        self._asked = False
        try:
            return func(*args, **kwargs)
        finally:
            self.function, self.arguments = outer, arguments
            self.flush()
            if outer is None and self._fresh:
                self._fresh.clear()
                self._numbers.clear()

    def retains(self, tensor: Any) -> None:
        """A tensor was asked to keep its gradient."""
        self.retaining = [ref for ref in self.retaining if ref() is not None]
        self.retaining.append(weakref.ref(tensor))

    def assigned(self, attribute: str, tensor: Any) -> None:
        """Tell that an attribute of a tensor was set."""
        if self.listener is not None:
            self.listener.assign(attribute, self.book.snapshot(tensor), self.book.grad(tensor))

    def filled(self, tensor: Any) -> None:
        """Tell that a tensor got other numbers, outside of any graph."""
        if self.listener is not None:
            grad = self.book.grad(tensor)
            for changed in self.book.aliases(tensor):
                self.listener.assign("data", changed, grad)

    # ------------------------------------------------------------------ operations

    def dispatch(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """An ATen operation runs."""
        plan = plan_of(func)
        if plan.written:
            return self._changing(plan, func, args, kwargs)
        if plan.remembers:
            return self._remembering(plan, func, args, kwargs)
        if self.in_backward:
            return self._inside_node(plan, func, args, kwargs)
        if self._pending is not None:
            self.flush()
        if self.allocate is not None and not plan.view:
            ask_for_room(self.allocate, plan, func, args, kwargs)
        if self.quiet or self.listener is None:
            return func(*args, **kwargs)
        if plan.silent or self._own_business(plan):
            output = func(*args, **kwargs)
            self._made(plan, args, output)
            return output
        pending = self._begin(plan, args, kwargs)
        pending.output = func(*args, **kwargs)
        if pending.operands:
            self._pending = pending
        return pending.output

    def _inside_node(
        self, plan: Plan, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Part of a Node's work; of interest only if it sums a gradient back to a smaller shape."""
        output = func(*args, **kwargs)
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

    def _begin(self, plan: Plan, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Pending:
        bound = plan.bind(args, kwargs)
        if plan.other is not None and self._is_other(plan, bound):
            plan = plan.other
        written = plan.name not in ("index_put", "where") or self._names_a_tensor(plan)
        inputs = plan.operands(bound)
        told = [(n, self._operand(v, written)) for n, v in inputs if not isinstance(v, complex)]
        pending = Pending(plan, bound, tuple([Operand(n, v) for n, v in told]))
        if any(isinstance(v, complex) or _is_complex(v) for _, v in inputs):
            pending.name = f"{plan.name}.complex"  # the records are about real numbers
        return pending

    def _names_a_tensor(self, plan: Plan) -> bool:
        """Whether there is a tensor beside the number in ``where``; alone they become tensors."""
        others = self.arguments[1:] if plan.name == "where" else ()
        return any(isinstance(one, torch.Tensor) for one in others)

    def _is_other(self, plan: Plan, bound: Bound) -> bool:
        if plan.name != "view":
            return bool(bound["alpha"] != 1)
        # PyTorch's reshape takes another way as soon as somebody watches its operations: told is
        # the way that it takes when nobody does.
        name = getattr(self.function, "__name__", "view")
        return name not in _VIEWING and not bound["self"].is_contiguous()

    def _operand(self, value: Any, as_written: bool) -> Any:
        """A tensor as it is now; a number as it was written."""
        if not isinstance(value, torch.Tensor):
            return value
        number = self._numbers.get(id(value)) if as_written else None
        if number is not None:
            return number[1]
        return self.book.snapshot(value)

    def _changing(
        self, plan: Plan, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """An operation that writes into a tensor."""
        bound = plan.bind(args, kwargs)
        written = [bound.get(plan.parameters[i][0]) for i in plan.written]
        target = written[0]
        copy = self._pending
        if copy is not None and copy.name == "clone" and copy.bound["self"] is target:
            self._pending = None  # autograd keeps for itself what the tensor was before
        self.flush()
        silent = (
            self.quiet
            or self.in_backward
            or self.listener is None
            or plan.silent
            or not plan.in_place
            or not isinstance(target, torch.Tensor)
            or id(target) in self._fresh
        )
        pending = None
        if not silent and not plan.fills:
            pending = self._begin(plan, args, kwargs)
            pending.target, pending.before = target, _history(target)
        output = func(*args, **kwargs)
        for one in written:
            for tensor in one if isinstance(one, list | tuple) else (one,):
                if isinstance(tensor, torch.Tensor):
                    self.book.written(tensor)
        if pending is not None:
            pending.output = output
            self._pending = pending
        elif not silent:
            self.filled(target)
        return output

    def _remembering(
        self, plan: Plan, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """A normalisation, which while training changes its running statistics."""
        self.flush()
        bound = plan.bind(args, kwargs)
        pending = self._begin(plan, args, kwargs)
        pending.output = func(*args, **kwargs)
        if bound["training"]:
            pending.filled = tuple(
                bound[name] for name in plan.remembers if bound[name] is not None
            )
        for tensor in pending.filled:
            self.book.written(tensor)
        if not self.quiet and not self.in_backward:
            self._pending = pending
        return pending.output

    def flush(self) -> None:
        """Tell the pending operation, whose Node is attached by now."""
        pending, self._pending = self._pending, None
        if pending is None or self.listener is None:
            return
        book, plan = self.book, pending.plan
        outputs: tuple[TensorValue, ...]
        changed: tuple[TensorValue, ...] = ()
        grads: tuple[GradValue, ...] = ()
        if pending.target is not None:
            changed = book.aliases(pending.target)
            grads = book.grads_in(pending.target)
            node = _history(pending.target)
            made = None if node is None or node is pending.before else node
            outputs = changed[:1]
        else:
            tensors = tensors_of(pending.output)
            if plan.op is not None and plan.op.outputs == 1:
                tensors = tensors[:1]
            made = next((n for n in map(grad_fn_of, tensors) if n is not None), None)
            if made is not None and plan.name == "_reshape_alias":
                book.rename(made, "ReshapeAliasBackward0")
            if plan.name == "unsafe_split":
                for tensor in tensors:
                    book.apart(tensor)
            outputs = tuple([book.snapshot(t) for t in tensors])
        if made is not None:
            book.outputs_of(made, len(outputs))
        self.listener.forward(
            pending.name,
            pending.operands,
            plan.attributes(pending.bound, pending.output),
            outputs,
            None if made is None else book.node_value(made),
            changed,
            grads,
        )
        for tensor in pending.filled:
            self.filled(tensor)


def _is_complex(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.is_complex()


def _history(tensor: Any) -> Any:
    """The Node that a change in place replaces: of a view, its base's."""
    base = tensor._base if tensor._is_view() else None
    return grad_fn_of(tensor if base is None else base)


# ---------------------------------------------------------------------- PyTorch's modes


class FunctionMode(TorchFunctionMode):  # type: ignore[misc]
    """Sees every function of PyTorch's as it is called."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = recorder

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if self.recorder.quiet:
            return func(*args, **(kwargs or {}))
        return self.recorder.call(func, args, kwargs or {})


class DispatchMode(TorchDispatchMode):  # type: ignore[misc]
    """Sees every ATen operation."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Nothing here is compiled, so PyTorch need not guard every operation against it."""
        return False

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = recorder

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        return self.recorder.dispatch(func, args, kwargs or {})


class _Local(threading.local):
    recorder: Recorder | None = None


_local = _Local()


def current() -> Recorder | None:
    """The recorder at work in this thread."""
    return _local.recorder
