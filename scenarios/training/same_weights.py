# /// scenario
# title = "All weights equal: neurons that stay twins"
# chapter = "training"
# level = 2
# order = 5
# watch = ["W1", "W2", "h", "loss"]
# ///
"""Two hidden neurons with the same weights compute the same thing, get the same gradient, and are
the same after every step: the layer has two neurons and the power of one. Look at the columns of
W1.grad. This is why weights start at random; biases may well start at zero."""
import torch

# Two samples, two inputs each; a hidden layer of two neurons (a column of W1 for each).
X = torch.tensor([[1.0, 0.5], [-0.5, 1.0]])
y = torch.tensor([[1.0], [0.0]])
starts = {
    "equal": ([[0.5, 0.5], [0.5, 0.5]], [[0.5], [0.5]]),
    "zero": ([[0.0, 0.0], [0.0, 0.0]], [[0.0], [0.0]]),
    "different": ([[0.5, -0.3], [0.1, 0.4]], [[0.5], [-0.2]]),
}

for name, (first, second) in starts.items():
    # The same five steps from each start.
    W1 = torch.tensor(first, requires_grad=True)
    W2 = torch.tensor(second, requires_grad=True)
    optimizer = torch.optim.SGD([W1, W2], lr=0.5)
    for step in range(5):
        optimizer.zero_grad()
        h = torch.tanh(X @ W1)
        loss = ((h @ W2 - y) ** 2).mean()
        loss.backward()
        optimizer.step()

    # Equal columns in the gradient, so equal columns in W1, after any number of steps. With zeros
    # it is worse: W2 = 0 lets no gradient through, and h = 0 gives W2 none.
    print(f"{name}: W1.grad {W1.grad}")
    print(f"W1 {W1.detach()}")
