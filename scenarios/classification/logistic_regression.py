# /// scenario
# title = "Logistic regression: a probability from one neuron"
# chapter = "classification"
# level = 1
# order = 1
# watch = ["model.0.weight", "model.0.bias", "y_hat", "loss"]
# ///
"""Twenty points on a line: those to the right of 0.25 are of class 1. A linear layer gives a
score, the sigmoid makes it a probability, and where that is 1/2 lies the decision boundary. Look
at the first loss, written out and as nn.BCELoss: one number, but ten nodes and one."""
import torch
import torch.nn as nn

# One column, a row for each sample. float(): the loss wants 0.0 and 1.0, not True and False.
X = torch.arange(-1, 1, 0.1).view(-1, 1)
Y = (X > 0.25).float()

# The model is two modules in a row. The weights are set, so that every run begins alike.
model = nn.Sequential(nn.Linear(1, 1), nn.Sigmoid())
nn.init.constant_(model[0].weight, -1.0)
nn.init.zeros_(model[0].bias)

# Binary cross-entropy by hand: −log ŷ where y is 1, −log(1 − ŷ) where y is 0, on average. As one
# node it also survives ŷ = 0 and ŷ = 1, where log 0 would give nan.
y_hat = model(X)
by_hand = -(Y * torch.log(y_hat) + (1 - Y) * torch.log(1 - y_hat)).mean()
criterion = nn.BCELoss()
print(f"by hand {by_hand.item():.4f}, BCELoss {criterion(y_hat, Y).item():.4f}")

# Training: five lines, the same for every model. All points go through at once.
optimizer = torch.optim.SGD(model.parameters(), lr=5.0)
for epoch in range(101):
    optimizer.zero_grad()
    y_hat = model(X)
    loss = criterion(y_hat, Y)
    loss.backward()
    optimizer.step()
    if epoch % 25 == 0:
        print(f"epoch {epoch}: loss {loss.item():.3f}")

# ŷ = 1/2 where w·x + b = 0. It never gets quite certain: classes that can be separated without an
# error let the loss fall for ever, and w grow for ever.
boundary = -model[0].bias.item() / model[0].weight.item()
accuracy = ((y_hat > 0.5) == (Y > 0.5)).float().mean().item()
print(f"boundary {boundary:.2f}, accuracy {accuracy:.2f}")
