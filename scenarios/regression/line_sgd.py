# /// scenario
# title = "One sample at a time: stochastic gradient descent"
# chapter = "regression"
# level = 1
# order = 3
# watch = ["x", "w", "b", "loss"]
# ///
"""After each sample a step, on the strength of that sample alone. Six samples make six steps in
an epoch where the whole batch would make one. Each step is right for its own sample, a little
wrong for the others: watch the loss jump up and down while w and b come closer to 2 and 1."""
import torch

# Points near y = 2x + 1.
X = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0, 3.0])
noise = torch.tensor([0.1, -0.2, 0.1, 0.2, -0.1, -0.1])
Y = 2 * X + 1 + noise

w = torch.tensor(0.0, requires_grad=True)
b = torch.tensor(0.0, requires_grad=True)
lr = 0.05

# The inner loop is the epoch: every sample once, one after the other.
for epoch in range(5):
    total = 0.0
    for x, y in zip(X, Y):
        # One sample: the loss is a single square, without a mean.
        loss = (w * x + b - y) ** 2
        loss.backward()
        total += loss.item()

        # Step at once, then clear. Near the goal the steps do not stop: that is why the
        # learning rate is lowered towards the end.
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
        w.grad = b.grad = None

    # The mean loss of an epoch is smoother than the losses of the samples: judge by that curve.
    print(f"epoch {epoch}: loss {total / len(X):.3f}, w {w:.3f}, b {b:.3f}")
