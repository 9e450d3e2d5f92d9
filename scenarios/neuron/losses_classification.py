# /// scenario
# title = "Losses for classes: BCE, hinge, cross-entropy, KL"
# chapter = "neuron"
# level = 2
# order = 8
# watch = ["p", "s", "z", "q", "loss"]
# ///
"""Four ways to tell a classifier how wrong it is. Mind what each one wants: BCE probabilities
and 0/1, hinge scores and ±1, cross-entropy raw scores and class numbers, KL log-probabilities.
To mix them up is the classic silent bug: a number comes out, and it means nothing."""
import torch
import torch.nn.functional as F

# Binary cross-entropy. Sure and wrong (the last one) costs most, with the largest gradient.
p = torch.tensor([0.9, 0.2, 0.1], requires_grad=True)
loss = F.binary_cross_entropy(p, torch.tensor([1.0, 0.0, 1.0]))
loss.backward()
print(f"BCE {loss.item():.4f}, gradient", p.grad)

# Hinge, max(0, 1 − y·s). Right by more than a margin of 1 (the first one) costs nothing.
s = torch.tensor([2.0, 0.5, 1.0], requires_grad=True)
y = torch.tensor([1.0, 1.0, -1.0])
loss = torch.clamp(1 - y * s, min=0).mean()
loss.backward()
print(f"hinge {loss.item():.4f}, gradient", s.grad)

# Cross-entropy: a row of scores per sample, and the number of the right class. Softmax is
# inside: do not apply it before. The gradient is (softmax(z) − one-hot) / samples.
z = torch.tensor([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0]], requires_grad=True)
loss = F.cross_entropy(z, torch.tensor([0, 2]))
loss.backward()
print(f"cross-entropy {loss.item():.4f}, gradient", z.grad)

# KL divergence Σ t·log(t/q): how far q is from t. PyTorch wants q as its logarithm, t as it is.
t = torch.tensor([0.5, 0.25, 0.25])
q = torch.tensor([0.25, 0.25, 0.5], requires_grad=True)
loss = F.kl_div(torch.log(q), t, reduction="sum")
loss.backward()
print(f"KL {loss.item():.4f}, gradient", q.grad)
