"""``nn.LSTM``: one Node for each layer and direction in float32, as PyTorch on the CPU has it;
cell by cell in float64 and with projections."""

from __future__ import annotations

from typing import Any

import backprop_tui.engines.numpy_engine.nn_functional as F
from backprop_tui.engines.numpy_engine.apply import apply
from backprop_tui.engines.numpy_engine.dtypes import dtype
from backprop_tui.engines.numpy_engine.nn.recurrent import _gates, _lstm_step, _Stack, _zeros
from backprop_tui.engines.numpy_engine.shaping import cat, stack
from backprop_tui.engines.numpy_engine.tensor import Tensor

#: PyTorch's number of the kind of network that is an LSTM.
LSTM_MODE = 2


class LSTM(_Stack):
    """A row of LSTMCells that share their weights: (output, (last states, last memories))."""

    gates = 4

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: dtype | None = None,
    ) -> None:
        if proj_size < 0:
            raise ValueError(
                "proj_size should be a positive integer or zero to disable projections"
            )
        if proj_size and proj_size >= hidden_size:
            raise ValueError("proj_size has to be smaller than hidden_size")
        # What is no part of the tree of modules may be set before the module is made.
        self.__dict__["proj_size"] = proj_size
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            device, dtype,
        )  # fmt: skip

    def _given(self) -> int:
        return self.proj_size or self.hidden_size

    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        shapes = super()._shapes(layer)
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        return shapes

    def forward(self, input: Tensor, hx: Any = None) -> tuple[Any, Any]:
        if input.ndim not in (2, 3):
            raise ValueError(f"LSTM: Expected input to be 2D or 3D, got {input.ndim}D instead")
        batched = input.ndim == 3
        batch_dim = 0 if self.batch_first else 1
        x = input if batched else input.unsqueeze(batch_dim)
        h, c = self._both(x, hx, batched, x.shape[batch_dim])
        whole = self.proj_size == 0 and x.array.dtype.itemsize == 4 and x.array.size > 0
        output, h, c = (self._in_one if whole else self._by_cells)(x, h, c)
        if batched:
            return output, (h, c)
        return output.squeeze(batch_dim), (h.squeeze(1), c.squeeze(1))

    def _both(self, x: Tensor, hx: Any, batched: bool, batch: int) -> tuple[Any, Any]:
        """The first states and memories."""
        count = self.num_layers * len(self._directions())
        wanted = ((count, batch, self._given()), (count, batch, self.hidden_size))
        if hx is None:
            h, c = (_zeros(*size, like=x) for size in wanted)
        else:
            h, c = hx[0], hx[1]
            if {h.ndim, c.ndim} != {3 if batched else 2}:
                which, dims = ("batched 3-D", 3) if batched else ("unbatched 2-D", 2)
                raise RuntimeError(
                    f"For {which} input, hx and cx should also be {dims}-D but got "
                    f"({h.ndim}-D, {c.ndim}-D) tensors"
                )
            if not batched:
                h, c = h.unsqueeze(1), c.unsqueeze(1)
        self._check_input(x)
        for number, (one, size) in enumerate(zip((h, c), wanted, strict=True)):
            if tuple(one.shape) != size:
                raise RuntimeError(f"Expected hidden[{number}] size {size}, got {list(one.shape)}")
        return h, c

    # -- a Node for a layer

    def _in_one(self, x: Any, h: Any, c: Any) -> tuple[Any, Any, Any]:
        x = (x.transpose(0, 1) if self.batch_first else x).contiguous()
        h, c = h.contiguous(), c.contiguous()
        last: list[tuple[Any, Any]] = []
        for layer in range(self.num_layers):
            if layer and self.dropout and self.training:
                x = F.dropout(x, self.dropout)
            outputs = []
            for direction in self._directions():
                at = len(last)
                made = self._whole_layer(f"_l{layer}{direction}", x, h[at], c[at])
                outputs.append(made[0])
                last.append(made[1:])
            x = cat(outputs, -1) if self.bidirectional else outputs[0]
        states, memories = (stack(list(each), 0) for each in zip(*last, strict=True))
        return (x.transpose(0, 1) if self.batch_first else x), states, memories

    def _whole_layer(self, layer: str, x: Any, h: Any, c: Any) -> Any:
        named = self._parameters
        weights = [named["weight_ih" + layer], named["weight_hh" + layer]]
        if self.bias:
            biases: list[Any] = [named["bias_ih" + layer], named["bias_hh" + layer]]
        else:
            biases = [_zeros(*w.shape, like=x) for w in weights if w is not None]
        return apply(
            "mkldnn_rnn_layer",
            x,
            *weights,
            *biases,
            h,
            c,
            reverse=layer.endswith("_reverse"),
            batch_sizes=(),
            mode=LSTM_MODE,
            hidden_size=self.hidden_size,
            num_layers=self.num_layers,
            has_biases=self.bias,
            bidirectional=self.bidirectional,
            batch_first=self.batch_first,
            train=self.training,
        )

    # -- cell by cell

    def _by_cells(self, x: Any, h: Any, c: Any) -> tuple[Any, Any, Any]:
        x = x.transpose(0, 1) if self.batch_first else x
        firsts = list(zip(h.unbind(0), c.unbind(0), strict=True))
        output, last = self._layers(x, firsts)
        memories = stack([c for _, c in last], 0)
        states = stack([h for h, _ in last], 0)
        return (output.transpose(0, 1) if self.batch_first else output), states, memories

    def _step(self, of_input: Any, state: Any, layer: str) -> Any:
        h, c = state
        h, c = _lstm_step(_gates(self._of_state(h, layer).add_(of_input), 4), c)
        if self.proj_size:
            h = F.linear(h, self._parameters["weight_hr" + layer])
        return h, c

    def _seen(self, state: Any) -> Any:
        return state[0]

    def extra_repr(self) -> str:
        text = super().extra_repr()
        if not self.proj_size:
            return text
        sizes = f"{self.input_size}, {self.hidden_size}"
        return f"{sizes}, proj_size={self.proj_size}{text.removeprefix(sizes)}"
