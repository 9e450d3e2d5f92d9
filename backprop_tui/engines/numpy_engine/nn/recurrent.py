"""Recurrent cells and ``nn.RNN``: the same Nodes in the same order as PyTorch on the CPU.

PyTorch's cells work in place where nobody looks (``add_``, ``sigmoid_``): so do these, because the
graph and what backward may not find overwritten follow from it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import backprop_tui.engines.numpy_engine.nn_functional as F
from backprop_tui.engines.numpy_engine import creation, events
from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.dtypes import dtype, on_cpu
from backprop_tui.engines.numpy_engine.nn import init
from backprop_tui.engines.numpy_engine.nn.layers import parameter
from backprop_tui.engines.numpy_engine.nn.module import Module
from backprop_tui.engines.numpy_engine.shaping import cat, stack
from backprop_tui.engines.numpy_engine.tensor import Tensor


class _Recurrent(Module):
    """All parameters begin uniform within ±1/√hidden_size, in order of their registration."""

    hidden_size: int

    def reset_parameters(self) -> None:
        """Uniform within ±1/√hidden_size."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        with events.muted():
            for weight in self.parameters():
                init.uniform_(weight, -bound, bound)


def _zeros(*size: int, like: Tensor) -> Tensor:
    with events.muted():
        return creation.zeros(*size, dtype=like.dtype)


class _Cell(_Recurrent):
    """One step in time: weight_ih (gates · hidden, input), weight_hh (gates · hidden, hidden)."""

    gates = 1
    states = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: dtype | None = None,
    ) -> None:
        on_cpu(device)
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = self.gates * hidden_size
        self.weight_ih = parameter(rows, input_size, dtype=dtype)
        self.weight_hh = parameter(rows, hidden_size, dtype=dtype)
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, parameter(rows, dtype=dtype) if bias else None)
        self.reset_parameters()

    def forward(self, input: Tensor, hx: Any = None) -> Any:
        batched = self._check(input, hx)
        x = input if batched else input.unsqueeze(0)
        if hx is None:
            zeros = _zeros(x.shape[0], self.hidden_size, like=x)
            state = [zeros] * self.states
        else:
            given = [hx] if self.states == 1 else list(hx)
            state = given if batched else [one.unsqueeze(0) for one in given]
        self._check_sizes(x, state)
        made = self._step(x, state)
        made = made if batched else tuple(one.squeeze(0) for one in made)
        return made[0] if self.states == 1 else made

    def _check(self, input: Tensor, hx: Any) -> bool:
        name = type(self).__name__
        if input.ndim not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.ndim}D instead")
        if hx is not None:
            for i, one in enumerate([hx] if self.states == 1 else hx):
                if one.ndim not in (1, 2):
                    which = "hidden" if self.states == 1 else f"hx[{i}]"
                    raise ValueError(
                        f"{name}: Expected {which} to be 1D or 2D, got {one.ndim}D instead"
                    )
        return input.ndim == 2

    def _check_sizes(self, x: Tensor, state: Sequence[Tensor]) -> None:
        if x.shape[1] != self.input_size:
            raise RuntimeError(
                f"input has inconsistent input_size: got {x.shape[1]} expected {self.input_size}"
            )
        for i, one in enumerate(state):
            if one.shape[0] != x.shape[0]:
                raise RuntimeError(
                    f"Input batch size {x.shape[0]} doesn't match hidden{i} batch size "
                    f"{one.shape[0]}"
                )
            if one.shape[1] != self.hidden_size:
                raise RuntimeError(
                    f"hidden{i} has inconsistent hidden_size: got {one.shape[1]}, expected "
                    f"{self.hidden_size}"
                )

    def _of_input(self, x: Tensor) -> Any:
        return F.linear(x, self.weight_ih, self.bias_ih)

    def _of_hidden(self, h: Tensor) -> Any:
        return F.linear(h, self.weight_hh, self.bias_hh)

    def _step(self, x: Tensor, state: Sequence[Tensor]) -> tuple[Any, ...]:
        raise NotImplementedError

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        return text if self.bias is True else f"{text}, bias={self.bias}"


def _gates(product: Tensor, count: int) -> tuple[Any, ...]:
    """The columns of each gate."""
    made = apply("unsafe_split", product, split_size=product.shape[1] // count, dim=1)
    return tuple(made)


class RNNCell(_Cell):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh)."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: dtype | None = None,
    ) -> None:
        on_cpu(device)
        super().__init__(input_size, hidden_size, bias, dtype=dtype)
        self.nonlinearity = nonlinearity

    def _step(self, x: Tensor, state: Sequence[Tensor]) -> tuple[Any, ...]:
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        total = self._of_hidden(state[0]).add_(self._of_input(x))
        return (total.tanh() if self.nonlinearity == "tanh" else total.relu(),)

    def extra_repr(self) -> str:
        text = super().extra_repr()
        tanh = self.nonlinearity == "tanh"
        return text if tanh else f"{text}, nonlinearity={self.nonlinearity}"


class LSTMCell(_Cell):
    """Gates decide what the cell forgets, takes in and gives away; returns (h', c')."""

    gates = 4
    states = 2

    def _step(self, x: Tensor, state: Sequence[Tensor]) -> tuple[Any, ...]:
        h, c = state
        return _lstm_step(_gates(self._of_hidden(h).add_(self._of_input(x)), 4), c)


def _lstm_step(gates: Sequence[Any], c: Any) -> tuple[Any, Any]:
    taken, kept = gates[0].sigmoid_(), gates[1].sigmoid_()
    new, given = gates[2].tanh_(), gates[3].sigmoid_()
    c = (kept * c).add_(taken * new)
    return given * c.tanh(), c


class GRUCell(_Cell):
    """Gates decide how much of the old state is reset, and how much of it is kept."""

    gates = 3

    def _step(self, x: Tensor, state: Sequence[Tensor]) -> tuple[Any, ...]:
        (h,) = state
        of_input = _gates(self._of_input(x), 3)
        return (_gru_step(of_input, _gates(self._of_hidden(h), 3), h),)


def _gru_step(of_input: Sequence[Any], of_hidden: Sequence[Any], h: Any) -> Any:
    reset = of_hidden[0].add_(of_input[0]).sigmoid_()
    kept = of_hidden[1].add_(of_input[1]).sigmoid_()
    new = of_input[2].add(of_hidden[2].mul_(reset)).tanh_()
    return (h - new).mul_(kept).add_(new)


class _Stack(_Recurrent):
    """Layers of cells over a sequence: (output of the last layer, last states).

    Each layer, and each direction of it, multiplies the whole input at once, then goes from step
    to step.
    """

    gates: ClassVar[int]

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: dtype | None = None,
    ) -> None:
        on_cpu(device)
        super().__init__()
        for name, size in (
            ("input_size", input_size), ("hidden_size", hidden_size), ("num_layers", num_layers)
        ):  # fmt: skip
            if size <= 0:
                raise ValueError(f"{name} must be greater than zero")
        if not 0 <= dropout <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an "
                "element being zeroed"
            )
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        for layer in range(num_layers):
            for direction in self._directions():
                for name, shape in self._shapes(layer).items():
                    self.register_parameter(
                        f"{name}_l{layer}{direction}", parameter(*shape, dtype=dtype)
                    )
        self.reset_parameters()

    def flatten_parameters(self) -> None:
        """On a GPU all weights in one piece of memory; on the CPU they stay where they are."""

    def _directions(self) -> tuple[str, ...]:
        return ("", "_reverse") if self.bidirectional else ("",)

    def _given(self) -> int:
        """How many numbers a step gives to the next, and to the layer above."""
        return self.hidden_size

    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        """The parameters of a layer in one direction."""
        rows, given = self.gates * self.hidden_size, self._given()
        width = given * len(self._directions()) if layer else self.input_size
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (rows, width),
            "weight_hh": (rows, given),
        }
        if self.bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        return shapes

    def _step(self, of_input: Any, state: Any, layer: str) -> Any:
        """One step: the state after it."""
        raise NotImplementedError

    def _seen(self, state: Any) -> Any:
        """What the layer above is given of a state."""
        return state

    def forward(self, input: Tensor, hx: Any = None) -> tuple[Any, Any]:
        if input.ndim not in (2, 3):
            raise ValueError(
                f"RNN: Expected input to be 2D or 3D, got {input.ndim}D tensor instead"
            )
        batched = input.ndim == 3
        batch_dim = 0 if self.batch_first else 1
        x = input if batched else input.unsqueeze(batch_dim)
        hx = self._first_states(x, hx, batched, x.shape[batch_dim])
        x = x.transpose(0, 1) if self.batch_first else x
        x, last = self._layers(x, list(hx.unbind(0)))
        states = stack(last, 0)
        output = apply("transpose_", x, dim0=0, dim1=1) if self.batch_first else x
        if batched:
            return output, states
        return output.squeeze(batch_dim), states.squeeze(1)

    def _layers(self, x: Any, first: list[Any]) -> tuple[Any, list[Any]]:
        """One layer on the other: what the last of them gave, and the last states of all."""
        last: list[Any] = []
        for layer in range(self.num_layers):
            if layer and self.dropout and self.training:
                x = F.dropout(x, self.dropout)
            outputs = []
            for direction in self._directions():
                output, state = self._layer(f"_l{layer}{direction}", x, first[len(last)])
                outputs.append(output)
                last.append(state)
            x = cat(outputs, outputs[0].ndim - 1) if self.bidirectional else outputs[0]
        return x, last

    def _check_input(self, x: Tensor) -> None:
        kind = next(self.parameters()).dtype
        if x.array.dtype != kind.numpy:
            raise ValueError(
                f"RNN input dtype ({x.dtype}) does not match weight dtype ({kind}). Convert "
                f"input: input.to({kind}), or convert model: model.to({x.dtype})"
            )
        if x.shape[-1] != self.input_size:
            raise RuntimeError(
                "input.size(-1) must be equal to input_size. Expected "
                f"{self.input_size}, got {x.shape[-1]}"
            )

    def _first_states(self, x: Tensor, hx: Any, batched: bool, batch: int) -> Any:
        if hx is None:
            hx = _zeros(self.num_layers * len(self._directions()), batch, self.hidden_size, like=x)
        elif batched and hx.ndim != 3:
            raise RuntimeError(
                f"For batched 3-D input, hx should also be 3-D but got {hx.ndim}-D tensor"
            )
        elif not batched:
            if hx.ndim != 2:
                raise RuntimeError(
                    f"For unbatched 2-D input, hx should also be 2-D but got {hx.ndim}-D tensor"
                )
            hx = hx.unsqueeze(1)
        self._check_input(x)
        wanted = (self.num_layers * len(self._directions()), batch, self.hidden_size)
        if tuple(hx.shape) != wanted:
            raise RuntimeError(f"Expected hidden size {wanted}, got {list(hx.shape)}")
        return hx

    def _layer(self, layer: str, x: Tensor, state: Any) -> tuple[Any, Any]:
        """All steps of one layer in one direction: what every step gave, and the last state."""
        named = self._parameters
        steps = F.linear(x, named["weight_ih" + layer], named.get("bias_ih" + layer)).unbind(0)
        backwards = layer.endswith("_reverse")
        made = []
        for step in reversed(steps) if backwards else steps:
            state = self._step(step, state, layer)
            made.append(self._seen(state))
        return stack(made[::-1] if backwards else made, 0), state

    def _of_state(self, state: Any, layer: str) -> Any:
        named = self._parameters
        return F.linear(state, named["weight_hh" + layer], named.get("bias_hh" + layer))

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        if self.num_layers != 1:
            text += f", num_layers={self.num_layers}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if self.batch_first:
            text += f", batch_first={self.batch_first}"
        if self.dropout:
            text += f", dropout={self.dropout}"
        if self.bidirectional:
            text += f", bidirectional={self.bidirectional}"
        return text


class RNN(_Stack):
    """A row of RNNCells that share their weights."""

    gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: dtype | None = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            device, dtype,
        )  # fmt: skip
        self.nonlinearity = nonlinearity

    def _step(self, of_input: Any, state: Any, layer: str) -> Any:
        total = self._of_state(state, layer).add_(of_input)
        return total.tanh() if self.nonlinearity == "tanh" else total.relu()


class GRU(_Stack):
    """A row of GRUCells that share their weights."""

    gates = 3

    def _step(self, of_input: Any, state: Any, layer: str) -> Any:
        gates = _gates(of_input, 3)
        return _gru_step(gates, _gates(self._of_state(state, layer), 3), state)
