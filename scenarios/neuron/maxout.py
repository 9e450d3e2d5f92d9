# /// scenario
# title = "Maxout: the larger of two neurons"
# chapter = "neuron"
# level = 2
# order = 3
# watch = ["z1", "z2", "out", "w1", "w2"]
# ///
"""max(w₁ᵀx + b₁, w₂ᵀx + b₂): an activation that is itself learned.
For each sample only the winner is in charge, and only the winner is told how to change: look at
how the gradient of out is dealt out between z1 and z2."""
import torch

# Three samples with two features each.
X = torch.tensor([[1.0, 2.0], [-2.0, 1.0], [2.0, 0.0]])
w1 = torch.tensor([1.0, 0.0], requires_grad=True)
b1 = torch.tensor(0.0, requires_grad=True)
w2 = torch.tensor([-1.0, 1.0], requires_grad=True)
b2 = torch.tensor(1.0, requires_grad=True)

# Two linear neurons look at the same samples; the larger answer counts.
z1 = X @ w1 + b1
z2 = X @ w2 + b2
out = torch.maximum(z1, z2)
print("z1", z1.data, " z2", z2.data)
print("out", out.data)

# The first neuron wins sample 3, the second wins 1 and 2; each gradient sums what its neuron won.
z1.retain_grad()
z2.retain_grad()
out.sum().backward()
print("to z1", z1.grad, " to z2", z2.grad)
print("w1", w1.grad, " b1", b1.grad)
print("w2", w2.grad, " b2", b2.grad)

# ReLU is the special case w₂ = 0, b₂ = 0. In a tie PyTorch gives each half.
a = torch.tensor(3.0, requires_grad=True)
b = torch.tensor(3.0, requires_grad=True)
torch.maximum(a, b).backward()
print("tie:", a.grad, b.grad)
