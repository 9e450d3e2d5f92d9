# /// scenario
# title = "An LSTM cell: gates, one after the other"
# chapter = "architectures"
# level = 3
# order = 6
# watch = ["c0", "i", "f", "g", "o", "c", "h", "loss"]
# ///
"""The cell state c is changed by adding, not by squashing: c = f·c + i·g. On the way back the
gradient at c is multiplied by the forget gate f alone, and with f near 1 it survives: compare
the gradient at c0 here with the one at h1 in rnn_unrolled. Each gate is a step of its own."""
import torch
import torch.nn as nn

# One input, one hidden unit. One matrix holds all gates: i, f, g, o.
x = torch.tensor([[1.0], [0.0], [0.0], [0.0]])
cell = nn.LSTMCell(1, 1)
cell.weight_ih.data = torch.tensor([[2.0], [0.0], [2.0], [0.0]])
cell.weight_hh.data = torch.tensor([[0.0], [0.0], [0.5], [0.0]])

# A forget bias of 3 says "keep": sigmoid(3) = 0.95. With 0, c would halve.
cell.bias_ih.data = torch.tensor([-2.0, 3.0, 0.0, 2.0])
cell.bias_hh.data = torch.zeros(4)

# The state before the first step. c0 is a leaf: we want to see its gradient.
c0 = torch.zeros(1, requires_grad=True)
h, c = torch.zeros(1), c0

# Four time steps, as in rnn_unrolled: a signal, then silence.
for t in range(4):
    # All four sums in one go; chunk cuts them apart.
    sums = cell.weight_ih @ x[t] + cell.weight_hh @ h + cell.bias_ih + cell.bias_hh
    i, f, g, o = sums.chunk(4)

    # Gates are sigmoids, from closed (0) to open (1); the content g is a tanh.
    i, f, o = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o)
    g = torch.tanh(g)

    # Forget a part, add a part; show a part of it to the outside.
    c = f * c + i * g
    h = o * torch.tanh(c)
    print(f"t {t + 1}: i {i.item():.3f} f {f.item():.3f} c {c.item():.3f} h {h.item():.3f}")

# The last state should still know of the signal.
loss = ((h - 1.0) ** 2).sum()
loss.backward()
print(f"loss {loss.item():.4f}, dL/dc0 {c0.grad.item():.4f}")
print("dL/db:", cell.bias_ih.grad)

# The same with nn.LSTMCell itself: a batch of one, both states at once.
state = (torch.zeros(1, 1), torch.zeros(1, 1))
for t in range(4):
    state = cell(x[t : t + 1], state)
print(f"nn.LSTMCell: h {state[0].item():.3f}, c {state[1].item():.3f}")
