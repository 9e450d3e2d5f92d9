# /// scenario
# title = "A bad start: MSE sleeps, cross-entropy learns"
# chapter = "neuron"
# level = 2
# order = 9
# watch = ["w", "y_hat", "loss"]
# ///
"""Logistic regression with one weight that starts far on the wrong side: every prediction is
sure, and wrong. That is when learning should be fastest. With MSE the slope of the sigmoid
stays in the gradient and is nearly 0; with cross-entropy it cancels, and ŷ − y is left."""
import torch
import torch.nn.functional as F

# Negative x is class 0, positive x class 1. Any w > 0 would be right.
x = torch.tensor([-2.0, -1.0, 1.0, 2.0])
y = torch.tensor([0.0, 0.0, 1.0, 1.0])
lr = 1.0

for name, criterion in [("MSE", F.mse_loss), ("cross-entropy", F.binary_cross_entropy)]:
    # The bad start: sigmoid(−5 · 2) says 0.00005 where 1 is right.
    w = torch.tensor(-5.0, requires_grad=True)

    for step in range(10):
        # The loop is the same for both: only the criterion differs.
        w.grad = None
        y_hat = torch.sigmoid(w * x)
        loss = criterion(y_hat, y)
        loss.backward()
        # Look at the first gradient. MSE's is 200 times smaller.
        if step == 0:
            print(f"{name}: first gradient {w.grad.item():.4f}")
        with torch.no_grad():
            w -= lr * w.grad

    # MSE has hardly moved. Its loss looks harmless: it cannot exceed 1.
    print(f"{name}: w {w.item():.3f}, loss {loss.item():.3f}")
