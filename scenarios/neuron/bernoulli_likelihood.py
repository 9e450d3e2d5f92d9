# /// scenario
# title = "Heads or tails: learning is climbing a likelihood"
# chapter = "neuron"
# level = 1
# order = 6
# watch = ["theta", "heads", "tails", "log_likelihood"]
# ///
"""A coin fell H T H T. How likely is that if heads comes with probability θ?
The best θ is the one that makes the data most likely. We know the answer, ½; gradient ascent
finds it from 0.2. Turn the sign around and this is the cross-entropy of the next scenarios."""
import torch

# 1 is heads, 0 is tails. The likelihood is a product: θ for every head, 1 − θ for every tail.
coin = torch.tensor([1.0, 0.0, 1.0, 0.0])
for guess in [0.5, 0.2]:
    p = torch.where(coin == 1, guess, 1 - guess)
    print(f"theta {guess}: likelihood {p.prod().item():.4f}")

# A thousand factors below 1 would underflow to 0. Their logarithms add up to a number that is
# easy to handle, and the best θ is the same.
theta = torch.tensor(0.2, requires_grad=True)
lr = 0.02

# Ascent: the step goes along the gradient, with a plus. Watch how the gradient,
# heads/θ − tails/(1 − θ), shrinks as θ comes closer to ½.
for step in range(12):
    theta.grad = None
    heads = coin * torch.log(theta)
    tails = (1 - coin) * torch.log(1 - theta)
    log_likelihood = (heads + tails).sum()
    log_likelihood.backward()
    if step % 3 == 0:
        print(f"theta {theta.item():.4f}, gradient {theta.grad.item():.4f}")
    with torch.no_grad():
        theta += lr * theta.grad

# Frameworks only descend, so in practice −log-likelihood is minimised.
print(f"found {theta.item():.2f}")
