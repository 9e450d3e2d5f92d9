# /// scenario
# title = "Overfitting, and weight decay against it"
# chapter = "regression"
# level = 3
# order = 10
# watch = ["loss", "test_loss", "model.weight"]
# ///
"""Eight noisy points of a line, and a polynomial of degree nine: more than enough to go through
every point. It sets out to do so, and gets worse in between. Weight decay pulls each weight
towards 0 in each step, so that only those survive that the data keep asking for."""
import torch
from torch import nn, optim

# The truth is y = x. The features of a point are x, x², … x⁹; in float64,
# because high powers are nearly alike and rounding would be felt.
torch.manual_seed(0)
x = torch.linspace(-1, 1, 8, dtype=torch.float64).view(-1, 1)
y = x + 0.3 * torch.randn(8, 1)
x_test = torch.linspace(-1, 1, 41, dtype=torch.float64).view(-1, 1)
powers = torch.arange(1, 10)
X, X_test = x**powers, x_test**powers

for decay in [0.0, 0.1]:
    # The decay is an option of the optimizer: the gradient becomes
    # g + decay · w. Look for it in the update step.
    torch.manual_seed(1)
    model = nn.Linear(9, 1).double()
    optimizer = optim.Adam(model.parameters(), lr=0.05, weight_decay=decay)
    for epoch in range(300):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(X), y)
        loss.backward()
        optimizer.step()

    # The training loss alone would choose the wrong model.
    with torch.no_grad():
        test_loss = nn.functional.mse_loss(model(X_test), x_test)
    print(f"decay {decay}: train {loss:.3f}, test {test_loss:.3f}", end=", ")
    print(f"largest weight {model.weight.abs().max().item():.2f}")
