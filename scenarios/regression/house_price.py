# /// scenario
# title = "House prices: normalise the features"
# chapter = "regression"
# level = 2
# order = 7
# watch = ["X", "model.weight", "model.bias", "loss"]
# ///
"""Eight houses: area, rooms, age, and the price. Areas are in the hundreds, rooms below ten.
With raw numbers the gradient of the area dwarfs the others, and any rate that suits it is
hopeless for them. Normalised, all features count alike, and one learning rate serves all."""
import torch
import torch.nn as nn

# Square metres, rooms, age in years; price in thousands. Each column gets mean 0, deviation 1.
table = torch.tensor([
    [50.0, 2, 30, 160], [65.0, 3, 10, 240], [80.0, 3, 40, 230], [90.0, 4, 5, 340],
    [110.0, 4, 20, 360], [120.0, 5, 50, 330], [150.0, 5, 15, 490], [200.0, 7, 25, 620],
])
mean, std = table.mean(dim=0), table.std(dim=0)
X, Y = ((table - mean) / std).split([3, 1], dim=1)

# With the columns as they were, the loss would be inf after six rounds, then nan.
torch.manual_seed(0)
model = nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(100):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(X), Y)
    loss.backward()
    optimizer.step()
    if epoch in (0, 9, 99):
        print(f"epoch {epoch + 1}: loss {loss.item():.4f}")

# Now the weights can be compared: area counts most, age makes it cheaper.
print("area, rooms, age:", model.weight.data)

# A new house goes the same way in, with the old mean and deviation; its price goes the way back.
house = (torch.tensor([[100.0, 4, 10]]) - mean[:3]) / std[:3]
print(f"price {(model(house) * std[3] + mean[3]).item():.0f} thousand")
