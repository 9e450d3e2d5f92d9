# /// scenario
# title = "A rare class: weights in the loss"
# chapter = "classification"
# level = 3
# order = 8
# watch = ["model.weight", "model.bias", "z", "loss"]
# ///
"""Of 40 samples 4 are of class 1, and the two classes overlap. A model that always says 0 is right
in 90 %: high accuracy, useless. Class weights in the loss make a missed rare sample as expensive
as it is rare. Look at the gradient of z: the rare rows weigh nine times as much."""
import torch
import torch.nn as nn

# One feature. Class 0 lies around 0, class 1 around 1.5: too near to be separated.
rare = torch.tensor([0.6, 1.2, 1.8, 2.4])
X = torch.cat([torch.linspace(-2, 2, 36), rare]).view(-1, 1)
y = torch.cat([torch.zeros(36), torch.ones(4)]).long()

# Without weights, and with weights that make both classes count the same: 36 · 1 = 4 · 9.
for weight in [None, torch.tensor([1.0, 9.0])]:
    model = nn.Linear(1, 2)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for epoch in range(100):
        optimizer.zero_grad()
        z = model(X)
        # With a weight, the mean is divided by the sum of the weights, not by the count.
        loss = nn.functional.cross_entropy(z, y, weight=weight)
        loss.backward()
        optimizer.step()

    # Accuracy alone would choose the first model. Recall of the rare class chooses the second:
    # more false alarms, but the rare cases are found.
    predicted = z.argmax(dim=1)
    accuracy = (predicted == y).float().mean().item()
    found = (predicted[y == 1] == 1).sum().item()
    alarms = (predicted[y == 0] == 1).sum().item()
    print(f"weight {weight}: accuracy {accuracy:.2f}, found {found} of 4, false alarms {alarms}")
