# /// scenario
# title = "Early stopping: keep the best, not the last"
# chapter = "regression"
# level = 3
# order = 9
# watch = ["loss", "val_loss", "model.weight"]
# ///
"""Ten noisy points and nine parameters: after a while the model learns the noise. The training
loss cannot show it, it only falls; the validation loss turns up again. Keep the state_dict of
the best epoch, stop when it has not improved for five epochs, and go back to it."""
import torch
from torch import nn, optim

# Only the first of eight inputs matters: y = 2·x₁ + noise. With so few points the others seem to.
torch.manual_seed(2)
X, X_val = torch.randn(10, 8), torch.randn(20, 8)
Y = 2 * X[:, :1] + torch.randn(10, 1)
Y_val = 2 * X_val[:, :1] + torch.randn(20, 1)

model = nn.Linear(8, 1)
criterion = nn.MSELoss()
optimizer = optim.SGD(model.parameters(), lr=0.1)
best_loss, best_epoch, best_state = float("inf"), 0, None

for epoch in range(80):
    # Training, as always.
    optimizer.zero_grad()
    loss = criterion(model(X), Y)
    loss.backward()
    optimizer.step()

    # Validation, on points that the model never learns from.
    with torch.no_grad():
        val_loss = criterion(model(X_val), Y_val)
    print(f"epoch {epoch:2}: train {loss:.3f}, validation {val_loss:.3f}")

    # A new best. state_dict() holds the very tensors that go on changing: without clone() the
    # "best" would be the last, a popular mistake.
    if val_loss < best_loss:
        best_loss, best_epoch = val_loss.item(), epoch
        best_state = {name: p.clone() for name, p in model.state_dict().items()}
    # Patience: a loss may rise for an epoch or two without meaning it.
    if epoch - best_epoch == 5:
        break

# Back to the best. After all 80 epochs the validation loss would be 3.5.
model.load_state_dict(best_state)
with torch.no_grad():
    val_loss = criterion(model(X_val), Y_val)
print(f"back to epoch {best_epoch}: validation {val_loss.item():.3f}")
