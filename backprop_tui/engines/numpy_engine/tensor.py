"""``Tensor`` and ``Parameter``: an array, and what autograd knows about it.

The methods that compute (operators, sum, view …) are in ``methods.py``; here is what a tensor *is*:
data, grad, grad_fn, is_leaf, requires_grad, and the memory that views of it share.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from backprop_tui.engines.base import Array, GradValue, TensorValue
from backprop_tui.engines.numpy_engine import state
from backprop_tui.engines.numpy_engine.dtypes import CPU, OF_NUMPY, Size, device, dtype
from backprop_tui.engines.numpy_engine.graph import (
    AccumulateGrad,
    Node,
    RemovableHandle,
    Version,
    node_id,
)
from backprop_tui.engines.numpy_engine.methods import Methods
from backprop_tui.engines.numpy_engine.slices import ViewOfChanged

#: A parameter's memory gets a new view in every iteration: from here on the dead are forgotten.
MANY = 16


class Storage:
    """The memory that a tensor and its views share: how often written, who was seen of them, and
    whose ``.grad`` lies in it. Most are made and never asked, so all begins in the class."""

    writes = 0
    grad_of: weakref.ref[Tensor] | None = None
    seen: Sequence[weakref.ref[Tensor]] = ()

    def add(self, tensor: Tensor) -> None:
        """Remember that the Listener knows ``tensor``; forget those that are gone."""
        if len(self.seen) >= MANY:
            self.seen = [ref for ref in self.seen if ref() is not None]
        self.seen = [*self.seen, weakref.ref(tensor)]


class Tensor(Methods):
    """A multi-dimensional array that remembers how it was made, as ``torch.Tensor``."""

    __slots__ = (
        "__weakref__",
        "_accumulator",
        "_base",
        "_grad",
        "_grad_fn",
        "_history",
        "_id",
        "_output_nr",
        "_requires_grad",
        "_retains_grad",
        "_seen_history",
        "_storage",
        "_told",
        "_told_writes",
        "_version_counter",
        "array",
    )

    def __init__(self, array: Array, requires_grad: bool = False) -> None:
        self.array = array
        self._requires_grad = requires_grad
        self._grad: Tensor | None = None
        self._grad_fn: Node | None = None
        self._output_nr = 0
        self._accumulator: AccumulateGrad | None = None
        self._retains_grad = False
        self._storage = Storage()
        self._version_counter = Version()
        self._base: Tensor | None = None
        #: how often an in-place change gave this tensor a new grad_fn, and what a view saw of it
        self._history = 0
        self._seen_history = 0
        self._id = 0
        self._told: TensorValue | None = None
        self._told_writes = 0

    # -- what it holds
    @property
    def dtype(self) -> dtype:
        return OF_NUMPY[self.array.dtype]

    @property
    def shape(self) -> Size:
        return Size(self.array.shape)

    @property
    def ndim(self) -> int:
        return int(self.array.ndim)

    @property
    def device(self) -> device:
        return CPU

    @property
    def is_cuda(self) -> bool:
        return False

    @property
    def layout(self) -> str:
        return "torch.strided"

    @property
    def _version(self) -> int:
        return self._version_counter.count

    @property
    def data(self) -> Tensor:
        """The same memory without history; a change through it is not seen by autograd."""
        alias = Tensor(self.array)
        alias._storage = self._storage
        return alias

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        self.array = value.array
        self._storage = value._storage
        self._told = None
        if self._id:
            self._storage.add(self)
        self._assigned("data")

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        """A leaf of its own with the same values; a Parameter's copy begins without gradient."""
        if self.requires_grad and not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment.  If you were attempting to deepcopy a module, this may be "
                "because of a torch.nn.utils.weight_norm usage, see "
                "https://github.com/pytorch/pytorch/pull/103001"
            )
        if id(self) in memo:
            return cast(Tensor, memo[id(self)])
        state.make_room(self.array.shape, self.array.itemsize)
        made = type(self).__new__(type(self))
        Tensor.__init__(made, self.array.copy(), self._requires_grad)
        if self._grad is not None and not isinstance(self, Parameter):
            made._grad = self._grad.__deepcopy__(memo)
        memo[id(self)] = made
        return made

    # -- what autograd knows
    @property
    def grad_fn(self) -> Node | None:
        self._look_at_base()
        return self._grad_fn

    @property
    def output_nr(self) -> int:
        return self._output_nr

    @property
    def is_leaf(self) -> bool:
        return self.grad_fn is None

    @property
    def requires_grad(self) -> bool:
        if self._base is not None:
            self._look_at_base()
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self._set_requires_grad(bool(value), "floating point and complex dtype")

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        self._set_requires_grad(bool(requires_grad), "floating point dtype")
        return self

    def _set_requires_grad(self, value: bool, what: str) -> None:
        if self.grad_fn is not None:
            if value:
                return
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a "
                "computed variable in a subgraph that doesn't require differentiation use "
                "var_no_grad = var.detach()."
            )
        if value and self.array.dtype.kind != "f":
            raise RuntimeError(f"only Tensors of {what} can require gradients")
        if value != self._requires_grad:
            self._requires_grad = value
            self._told = None
            self._assigned("requires_grad")

    @property
    def grad(self) -> Tensor | None:
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        self._check_grad(value)
        self._set_grad(value)
        self._assigned("grad")

    @grad.deleter
    def grad(self) -> None:
        self.grad = None

    def _set_grad(self, value: Tensor | None) -> None:
        self._grad = value
        if value is not None:
            value._storage.grad_of = weakref.ref(self)

    def _check_grad(self, value: Any) -> None:
        if value is None:
            return
        if not isinstance(value, Tensor):
            raise TypeError(
                f"assigned grad expected to be a Tensor or None but got grad of type "
                f"{type(value).__name__}"
            )
        if value is self:
            raise RuntimeError("can't assign Variable as its own grad")
        if value.array.dtype != self.array.dtype:
            raise RuntimeError(
                f"attempting to assign a gradient with dtype '{value.dtype.c_name}' to a tensor "
                f"with grad_dtype '{self.dtype.legacy}'. The gradient must match the tensor's "
                "grad_dtype (defaults to the tensor's dtype). You can set the tensor's grad_dtype "
                "attribute with a specific dtype, or None to allow any dtype. Set grad_dtype with "
                "caution. Diverging the dtypes of a tensor and its gradient may break downstream "
                "systems that assume they match."
            )
        if value.array.shape != self.array.shape:
            raise RuntimeError(
                f"attempting to assign a gradient of size '{list(value.array.shape)}' to a tensor "
                f"of size '{list(self.array.shape)}'. Please ensure that the gradient and the "
                "tensor are the same size"
            )

    @property
    def retains_grad(self) -> bool:
        return self._retains_grad

    def retain_grad(self) -> None:
        """Ask a non-leaf to keep its gradient in ``.grad`` too."""
        if not self._requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if self._grad_fn is None or self._retains_grad:
            return
        if self._grad_fn.retained is None:
            self._grad_fn.retained = {}
        self._grad_fn.retained[self._output_nr] = weakref.ref(self)
        self._retains_grad = True
        self._told = None

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call ``hook(grad)`` when this tensor's gradient is known; it may return another."""
        if not self._requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        node, index = self._gradient_edge()
        if node.pre_hooks is None:
            node.pre_hooks = {}
        hooks = node.pre_hooks.setdefault(index, [])
        hooks.append(hook)
        return RemovableHandle(hooks, hook)

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Compute the gradients of this tensor with respect to the graph's leaves."""
        from backprop_tui.engines.numpy_engine import autograd

        autograd.backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def detach_(self) -> Tensor:
        """Leave the graph."""
        if self._base is not None:
            raise RuntimeError("Can't detach views in-place. Use detach() instead.")
        self._grad_fn = None
        self._requires_grad = False
        self._retains_grad = False
        self._told = None
        return self

    def _gradient_edge(self) -> tuple[Any, int]:
        """Where this tensor's gradient goes: its grad_fn, or for a leaf its AccumulateGrad."""
        if self._base is not None:
            self._look_at_base()
        if self._grad_fn is not None:
            return (self._grad_fn, self._output_nr)
        if self._accumulator is None:
            self._accumulator = AccumulateGrad(self)
        return (self._accumulator, 0)

    # -- shared memory
    def _become_view_of(self, base: Tensor, differentiable: bool = True) -> None:
        self._storage = base._storage
        self._version_counter = base._version_counter
        if differentiable:
            self._base = base if base._base is None else base._base
            self._requires_grad = base.requires_grad
            self._seen_history = self._base._history

    def _look_at_base(self) -> None:
        """After a change through another view, this view's history goes through its base."""
        base = self._base
        if base is not None and base._history != self._seen_history:
            self._seen_history = base._history
            self._requires_grad = base._requires_grad
            self._grad_fn = ViewOfChanged(self, base)
            self._output_nr = 0
            self._told = None

    def _rebase(self, node: Node) -> None:
        """An in-place operation gave this tensor a new history."""
        if self._retains_grad and self._grad_fn is not None and self._grad_fn.retained:
            self._grad_fn.retained.pop(self._output_nr, None)
            node.retained = {0: weakref.ref(self)}
        self._grad_fn = node
        self._output_nr = 0
        self._requires_grad = True
        self._history += 1
        self._told = None

    def _is_view(self) -> bool:
        return self._base is not None

    def _write(self, values: Any) -> None:
        """Put ``values`` into this tensor's memory and count it as a change in place."""
        self.array[...] = values
        self._storage.writes += 1
        self._version_counter.count += 1

    def _changed(self) -> tuple[TensorValue, ...]:
        """This tensor and every living alias that the Listener knows, as they are now."""
        own = self._snapshot()
        aliases = [ref() for ref in self._storage.seen]
        others = {
            id(one): one
            for one in aliases
            if one is not None and one is not self and one._storage is self._storage
        }
        return (own, *(one._snapshot() for one in others.values()))

    def _changed_grads(self) -> tuple[GradValue, ...]:
        """The tensor whose ``.grad`` lies in this tensor's memory, as it is now."""
        reference = self._storage.grad_of
        owner = None if reference is None else reference()
        if owner is None or owner._grad is None or owner._grad._storage is not self._storage:
            return ()
        grad = owner._grad_array()
        return () if grad is None else (GradValue(owner._snapshot(), grad),)

    # -- as the Listener is told of it
    def _identity(self) -> int:
        """This tensor's number, given at first sight."""
        if not self._id:
            now = state.now()
            now.tensors_seen += 1
            self._id = now.tensors_seen
            self._storage.add(self)
        return self._id

    def _snapshot(self) -> TensorValue:
        """This tensor as it is now; the same object as before while nothing changed."""
        if self._base is not None:
            self._look_at_base()
        told = self._told
        if told is not None and self._told_writes == self._storage.writes:
            return told
        if told is not None and np.array_equal(told.data, self.array, equal_nan=True):
            data = told.data  # a part of the memory that this view does not see was written
        else:
            state.make_room(self.array.shape, self.array.itemsize)
            data = self.array.copy()
            data.setflags(write=False)
        node = self.grad_fn
        told = TensorValue(
            self._identity(),
            data,
            OF_NUMPY[self.array.dtype].name,
            self._requires_grad,
            node is None,
            None if node is None else node.label,
            None if node is None else node_id(node),
            self._retains_grad,
        )
        self._told = told
        self._told_writes = self._storage.writes
        return told

    def _grad_array(self) -> Array | None:
        return None if self._grad is None else self._grad._snapshot_data()

    def _snapshot_data(self) -> Array:
        """A read-only copy of the numbers, without this tensor becoming known by a number."""
        told = self._told
        if told is not None and self._told_writes == self._storage.writes:
            return told.data
        state.make_room(self.array.shape, self.array.itemsize)
        data: Array = self.array.copy()
        data.setflags(write=False)
        return data

    def _assigned(self, attribute: str) -> None:
        listener = state.now().listener
        if listener is not None:
            listener.assign(attribute, self._snapshot(), self._grad_array())


class Parameter(Tensor):
    """A tensor that a module owns and an optimizer changes (``nn.Parameter``)."""

    __slots__ = ()

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        source = Tensor(np.empty(0, state.now().default_dtype.numpy)) if data is None else data
        super().__init__(source.array, requires_grad)
        self._storage = source._storage
        if requires_grad and self.array.dtype.kind != "f":
            raise RuntimeError(
                "Only Tensors of floating point and complex dtype can require gradients"
            )


__all__ = ["Parameter", "Tensor"]
