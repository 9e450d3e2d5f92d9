# /// scenario
# title = "Training, validation, test: choosing a learning rate"
# chapter = "regression"
# level = 2
# order = 8
# watch = ["loss", "model.weight", "model.bias"]
# ///
"""The data are split 70/20/10. The training part is learned from; the validation part decides
between learning rates; the test part is touched once, at the very end. Whoever chooses by the
test data has no honest number left. One of the four rates diverges, as it does in practice."""
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset, random_split

# 40 points near 2x − 1, split at random: 28, 8 and 4.
torch.manual_seed(0)
X = torch.linspace(-2, 2, 40).view(-1, 1)
Y = 2 * X - 1 + 0.3 * torch.randn(X.size())
train, val, test = random_split(TensorDataset(X, Y), [0.7, 0.2, 0.1])
print("split:", len(train), len(val), len(test))

# Training in batches; validation and test take all of their points at once.
loader = DataLoader(train, batch_size=14, shuffle=True)
x_val, y_val = val[:]
x_test, y_test = test[:]
criterion = nn.MSELoss()
best_loss, best_lr, best_model = float("inf"), None, None

for lr in [0.001, 0.01, 0.1, 1.0]:
    # The same start for every rate: else one compares luck.
    torch.manual_seed(1)
    model = nn.Linear(1, 1)
    optimizer = optim.SGD(model.parameters(), lr=lr)
    for epoch in range(10):
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()

    # Validation: no gradient is needed, so none is recorded.
    with torch.no_grad():
        val_loss = criterion(model(x_val), y_val).item()
    print(f"lr {lr}: validation loss {val_loss:.3g}")
    if val_loss < best_loss:
        best_loss, best_lr, best_model = val_loss, lr, model

# The choice is made; now, and only now, the test data.
with torch.no_grad():
    test_loss = criterion(best_model(x_test), y_test)
print(f"chosen: lr {best_lr}, test loss {test_loss.item():.3f}")
