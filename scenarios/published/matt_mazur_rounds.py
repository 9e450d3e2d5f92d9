# /// scenario
# title = "Matt Mazur's network, round after round"
# chapter = "published"
# level = 3
# order = 3
# watch = ["E", "out", "W1", "W2"]
# ///
"""The network of matt_mazur as two matrix products, trained for many rounds on its one sample.
The error falls fast at first and ever more slowly later: near a target of 0.01 or 0.99 the
sigmoid is flat, and little of the gradient comes through."""
import torch

# The article makes 10,000 rounds and ends at 0.0000351. A hundred already show the curve.
rounds = 100

# The one sample, as a row, and what the two outputs should be.
x = torch.tensor([[0.05, 0.10]], dtype=torch.float64)
t = torch.tensor([[0.01, 0.99]], dtype=torch.float64)

# A column for each neuron: w1, w2 lead to h1, and w3, w4 to h2.
W1 = torch.tensor([[0.15, 0.25], [0.20, 0.30]], dtype=torch.float64, requires_grad=True)
W2 = torch.tensor([[0.40, 0.50], [0.45, 0.55]], dtype=torch.float64, requires_grad=True)

# The optimizer keeps the list of what is trained. The biases are not in it: they stay.
optimizer = torch.optim.SGD([W1, W2], lr=0.5)
for i in range(rounds):
    # Zero, forward, error, backward, step: the loop of every training.
    optimizer.zero_grad()
    h = torch.sigmoid(x @ W1 + 0.35)
    out = torch.sigmoid(h @ W2 + 0.60)
    E = 0.5 * ((t - out) ** 2).sum()
    E.backward()
    optimizer.step()
    if i % 20 == 0:
        print(f"round {i}: E {E.item():.9f}")

# Compare the outputs with the targets: most of the way is done, the rest will take the longest.
print("out", out.detach(), "t", t)
print(f"last: E {E.item():.10f}")
