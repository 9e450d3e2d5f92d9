# /// scenario
# title = "An LSTM that remembers the first bit"
# chapter = "architectures"
# level = 3
# order = 7
# watch = ["x", "states", "h", "c", "scores", "loss"]
# ///
"""Eight sequences of three bits; asked is only the first. nn.LSTM takes all steps at once: on the
CPU a whole layer is one Node, and its gradients come out of one walk from the last step to the
first. Cell by cell come the same numbers (lstm_cell shows what happens inside)."""
import torch
from torch import nn

torch.manual_seed(1)

# All sequences of three bits, as (batch, steps, features); the answer is the bit of step 0.
x = torch.tensor([[a, b, c] for a in (0.0, 1.0) for b in (0.0, 1.0) for c in (0.0, 1.0)])
target, x = x[:, 0].long(), x.unsqueeze(-1)

lstm, readout = nn.LSTM(1, 4, batch_first=True), nn.Linear(4, 2)
parameters = [*lstm.parameters(), *readout.parameters()]
optimizer = torch.optim.Adam(parameters, lr=0.05)

# states holds h of every step, h and c those of the last one, with a dimension for the layers.
states, (h, c) = lstm(x)
print(list(states.shape), list(h.shape), "last:", torch.equal(states[:, -1], h[0]))

# The same weights in a loop of our own.
cell = nn.LSTMCell(1, 4)
cell.load_state_dict({n.removesuffix("_l0"): p for n, p in lstm.state_dict().items()})
state = (torch.zeros(8, 4), torch.zeros(8, 4))
for t in range(3):
    state = cell(x[:, t], state)
print("cell by cell:", torch.allclose(state[0], h[0], atol=1e-6))

# Two steps after the bit was seen the error must find its way back to it.
for epoch in range(40):
    states, (h, c) = lstm(x)
    scores = readout(h[0])
    loss = nn.functional.cross_entropy(scores, target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 13 == 0:
        right = (scores.argmax(dim=1) == target).sum().item()
        print(f"epoch {epoch}: loss {loss.item():.4f}, {right} of 8")
