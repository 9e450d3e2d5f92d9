# /// scenario
# title = "A linear autoencoder finds the main direction"
# chapter = "architectures"
# level = 2
# order = 1
# watch = ["W_e", "W_d", "code", "X_hat", "loss"]
# ///
"""Two numbers go in, one number in the middle has to carry them, two numbers come out. The target
is the input itself: no labels are needed. What survives the bottleneck is the direction in which
the data vary most, the first principal component (PCA). Look at W_e while it turns."""
import torch

# Four points with mean 0. PCA by hand: along (1, 1)/√2 they have nine tenths of the variance.
X = torch.tensor([[2.0, 1.0], [1.0, 2.0], [-1.0, -2.0], [-2.0, -1.0]])

# Encoder 2 → 1, decoder 1 → 2, without bias. The start keeps the first coordinate alone.
W_e = torch.tensor([[1.0], [0.0]], requires_grad=True)
W_d = torch.tensor([[1.0, 0.0]], requires_grad=True)
optimizer = torch.optim.SGD([W_e, W_d], lr=0.2)

for step in range(31):
    optimizer.zero_grad()
    # One number per point, and back: all X_hat lie on one line through 0.
    code = X @ W_e
    X_hat = code @ W_d
    loss = ((X_hat - X) ** 2).mean()
    loss.backward()
    if step % 10 == 0:
        print(f"step {step:2}: loss {loss.item():.4f}")
    optimizer.step()

# Near the projection onto the diagonal, four times ½. Encoder · 2 and decoder · ½ would do, too.
print("W_e @ W_d:", (W_e @ W_d).detach())

# The answer of PCA, (1, 1)/√2 both ways: no gradient. The 0.25 left lies across the diagonal.
W = torch.tensor([[0.5], [0.5]]).sqrt().requires_grad_()
loss = ((X @ W @ W.T - X) ** 2).mean()
loss.backward()
print(f"with W of PCA: loss {loss.item():.4f}, largest gradient {W.grad.abs().max().item():.4f}")
