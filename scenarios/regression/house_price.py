# /// scenario
# title = "House prices: normalise the features"
# chapter = "regression"
# level = 2
# order = 7
# watch = ["Xn", "model.weight", "model.bias", "loss"]
# ///
"""Eight houses: area, rooms, age, and the price. Areas are in the hundreds, rooms below ten.
With raw numbers the gradient of the area dwarfs the others, and any rate that suits it is
hopeless for them. Normalised, all features count alike, and one learning rate serves all."""
import torch
from torch import nn, optim

# Square metres, rooms, age in years; price in thousands.
table = torch.tensor(
    [
        [50.0, 2.0, 30.0, 160.0],
        [65.0, 3.0, 10.0, 240.0],
        [80.0, 3.0, 40.0, 230.0],
        [90.0, 4.0, 5.0, 340.0],
        [110.0, 4.0, 20.0, 360.0],
        [120.0, 5.0, 50.0, 330.0],
        [150.0, 5.0, 15.0, 490.0],
        [200.0, 7.0, 25.0, 620.0],
    ]
)
X, Y = table[:, :3], table[:, 3:]

# Mean 0 and deviation 1 for each column, the price too. Keep the numbers:
# a new house must go through the same transformation.
mean, std = X.mean(dim=0), X.std(dim=0)
Xn = (X - mean) / std
Yn = (Y - Y.mean()) / Y.std()

torch.manual_seed(0)
model = nn.Linear(3, 1)
optimizer = optim.SGD(model.parameters(), lr=0.1)

for epoch in range(100):
    # With X and Y as they are, the loss is inf after six rounds, then nan.
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(Xn), Yn)
    loss.backward()
    optimizer.step()
    if epoch in (0, 9, 99):
        print(f"epoch {epoch + 1}: loss {loss.item():.4f}")

# Now the weights can be compared: area counts most, age makes it cheaper.
print("area, rooms, age:", model.weight.data)

# A house of 100 m², 4 rooms, 10 years old; back to thousands at the end.
with torch.no_grad():
    house = (torch.tensor([[100.0, 4.0, 10.0]]) - mean) / std
    price = model(house) * Y.std() + Y.mean()
print(f"price {price.item():.0f} thousand")
