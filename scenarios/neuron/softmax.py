# /// scenario
# title = "Softmax: scores that share one whole"
# chapter = "neuron"
# level = 2
# order = 4
# watch = ["z", "p"]
# ///
"""pᵢ = e^zᵢ / Σ e^zⱼ turns any scores into probabilities. Each output depends on each score, so
its derivative is a whole matrix: look at one row of it at a time. A share that grows takes from
all the others: each row sums to 0."""
import torch

# Three scores ("logits"), the logarithms of 1, 2 and 1: shares ¼, ½ and ¼.
z = torch.tensor([1.0, 2.0, 1.0]).log().requires_grad_()
print("p =", torch.softmax(z, dim=0).data)

for i in range(3):
    # Row i of the matrix: ∂pᵢ/∂zⱼ = pᵢ(1 − pᵢ) for j = i, −pᵢpⱼ otherwise.
    # PyTorch never builds the matrix: backward asks for one row at a time.
    z.grad = None
    p = torch.softmax(z, dim=0)
    p[i].backward()
    print(f"dp[{i}]/dz =", z.grad)

# The sum of all shares is 1 whatever the scores are: its gradient is 0.
# Printed, it can be something like 1e-9: that is rounding, not learning.
z.grad = None
p = torch.softmax(z, dim=0)
p.sum().backward()
print("gradient of the sum is 0:", torch.allclose(z.grad, torch.zeros(3), atol=1e-6))

# The same number added to all scores changes nothing. This saves the day
# for large ones: e¹⁰⁰⁰ is inf, and PyTorch subtracts the largest first.
big = torch.tensor([1000.0, 1001.0])
print("by hand:", big.exp() / big.exp().sum(), " softmax:", torch.softmax(big, dim=0))
