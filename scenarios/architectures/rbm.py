# /// scenario
# title = "Restricted Boltzmann machine: contrastive divergence"
# chapter = "architectures"
# level = 3
# order = 11
# watch = ["W", "data", "fantasy", "loss"]
# ///
"""An energy model: low (free) energy means likely. Training pulls the energy of the data down and
pushes up the energy of what the model itself dreams. The gradient of that difference, found by
backward, is the contrastive divergence rule ⟨v hᵀ⟩data − ⟨v hᵀ⟩model of the text books."""
import torch
import torch.nn.functional as F

# Four visible, two hidden units, and weights only between the layers.
data = torch.tensor([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]])
torch.manual_seed(0)
W = (0.1 * torch.randn(4, 2)).requires_grad_()
a = torch.zeros(4, requires_grad=True)
b = torch.zeros(2, requires_grad=True)


# The hidden units summed out: F(v) = −a·v − Σ log(1 + e^(b + vW)).
def free_energy(v):
    return -(v @ a) - F.softplus(v @ W + b).sum(dim=1)


# One round of Gibbs sampling: coins for the hidden units, then back.
def dream(v):
    h = torch.bernoulli(torch.sigmoid(v @ W + b))
    return torch.bernoulli(torch.sigmoid(h @ W.T + a))


# CD-1: start at the data, one round of dreaming. The exact gradient would need all 2⁴ states, and
# for an image nobody can count them.
optimizer = torch.optim.SGD([W, a, b], lr=0.5)
for step in range(60):
    # Samples are constants: no gradient passes through a coin.
    with torch.no_grad():
        fantasy = dream(data)

    # No loss in the usual sense: it need not fall, and small is not good.
    optimizer.zero_grad()
    loss = free_energy(data).mean() - free_energy(fantasy).mean()
    loss.backward()

    # In the first round the rule of the text books, as a check.
    if step == 0:
        with torch.no_grad():
            plus = data.T @ torch.sigmoid(data @ W + b)
            minus = fantasy.T @ torch.sigmoid(fantasy @ W + b)
        print("by hand: ", ((minus - plus) / 2)[0])
        print("autograd:", W.grad[0])
    # Data down, dreams up; it ends when dreams look like data.
    optimizer.step()

# The two patterns now lie in valleys; a mixture of them lies higher.
with torch.no_grad():
    low = free_energy(data)
    high = free_energy(torch.tensor([1.0, 0.0, 1.0, 0.0]).view(1, 4))
print(f"patterns {low[0].item():.1f} {low[1].item():.1f}, mixture {high.item():.1f}")
