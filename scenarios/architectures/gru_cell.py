# /// scenario
# title = "A GRU cell: the LSTM with fewer parts"
# chapter = "architectures"
# level = 3
# order = 8
# watch = ["h0", "r", "z", "n", "h", "loss"]
# ///
"""One state instead of two, two gates instead of three. The update gate z mixes old and new,
h = (1 − z)·n + z·h: what is kept of the old makes room for exactly so much less of the new.
Where z is near 1 the state, and the gradient, pass unchanged."""
import torch
import torch.nn as nn

# One input, one hidden unit. One matrix holds all three parts: r, z, n.
x = torch.tensor([[1.0], [0.0], [0.0], [0.0]])
cell = nn.GRUCell(1, 1)
cell.weight_ih.data = torch.tensor([[0.0], [-4.0], [2.0]])
cell.weight_hh.data = torch.tensor([[0.0], [0.0], [0.5]])

# At the signal z = sigmoid(3 − 4) lets it in; in the silence z = sigmoid(3) keeps the state.
cell.bias_ih.data = torch.tensor([0.0, 3.0, 0.0])
cell.bias_hh.data = torch.zeros(3)

# The state before the first step, as a leaf, so that its gradient is kept.
h0 = torch.zeros(1, requires_grad=True)
h = h0

# The sequence of rnn_unrolled: a signal, then silence.
for t in range(4):
    # Sums of input and of state are kept apart: r acts on the second only.
    from_x = cell.weight_ih @ x[t] + cell.bias_ih
    from_h = cell.weight_hh @ h + cell.bias_hh
    x_r, x_z, x_n = from_x.chunk(3)
    h_r, h_z, h_n = from_h.chunk(3)

    # r: how much of the state the new content may see. z: how much stays.
    r = torch.sigmoid(x_r + h_r)
    z = torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + r * h_n)

    # In some books 1 − z and z change places: mind it when copying weights.
    h = (1 - z) * n + z * h
    print(f"t {t + 1}: r {r.item():.3f} z {z.item():.3f} n {n.item():.3f} h {h.item():.3f}")

# The last state should still know of the signal.
loss = ((h - 1.0) ** 2).sum()
loss.backward()
print(f"loss {loss.item():.4f}, dL/dh0 {h0.grad.item():.4f}")
print("dL/db:", cell.bias_ih.grad)

# The same with nn.GRUCell itself, and a batch of one.
state = torch.zeros(1, 1)
for t in range(4):
    state = cell(x[t : t + 1], state)
print(f"nn.GRUCell: h {state.item():.3f}")
