# /// scenario
# title = "Raw inputs and standardised inputs"
# chapter = "training"
# level = 2
# order = 2
# watch = ["X", "model.weight", "model.bias", "loss"]
# ///
"""The price of a flat from its rooms (about 3) and its area (about 80). The gradient of a weight is
the error times its input, so raw inputs give gradients of very different size, and no single
learning rate suits both. Subtract the mean, divide by the deviation: one rate fits."""
import torch
import torch.nn as nn

# Rooms and square metres of six flats; the price in units of 100,000.
raw = torch.tensor([[1.0, 35], [2.0, 60], [3.0, 62], [3.0, 95], [4.0, 90], [5.0, 140]])
price = torch.tensor([[2.2], [3.0], [3.3], [3.9], [4.2], [5.5]])

# Each column gets mean 0 and deviation 1. Keep mean and std: whatever the model is to predict
# later must go through the same two numbers, those of the training data.
scaled = (raw - raw.mean(dim=0)) / raw.std(dim=0)

for name, X, lr in [("raw", raw, 0.1), ("raw", raw, 0.0001), ("standardised", scaled, 0.1)]:
    # The same start and the same twenty steps; only data and rate differ.
    model = nn.Linear(2, 1)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for step in range(20):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(X), price)
        loss.backward()
        # Compare the two entries: raw, the area's gradient is 27 times the other.
        if step == 0:
            print(f"{name}, lr {lr}: first gradient", model.weight.grad)
        optimizer.step()
    # 0.1 explodes on raw data. 0.0001 does not, but the bias has hardly left 0: it needs tens of
    # thousands of steps. Standardised, all is done in twenty.
    print(f"  loss {loss.item():.2g}, bias {model.bias.item():.2g}")
