# /// scenario
# title = "Two hidden layers: sigmoid, tanh, ReLU side by side"
# chapter = "classification"
# level = 3
# order = 6
# watch = ["model.layers.0.weight", "z", "loss"]
# ///
"""A net built from a list of sizes, trained three times from the same start: only the activation
differs. Look at the norm of the first layer's gradient: behind two sigmoids, each with a slope of
at most 1/4, little of it arrives. That is why hidden layers use ReLU today."""
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self, sizes, activation):
        super().__init__()
        # A ModuleList, not a list: layers in a plain list are not found by parameters(), and the
        # optimizer would never train them.
        self.layers = nn.ModuleList(nn.Linear(m, n) for m, n in zip(sizes, sizes[1:]))
        self.activation = activation

    def forward(self, x):
        # An activation after every layer but the last, whose outputs are scores.
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)


# A disc (class 1) inside a ring (class 0): 16 points around the origin each.
angle = torch.arange(16) * (2 * torch.pi / 16)
circle = torch.stack([torch.cos(angle), torch.sin(angle)], dim=1)
X = torch.cat([0.5 * circle, 1.5 * circle])
y = torch.cat([torch.ones(16), torch.zeros(16)]).long()

for activation in [nn.Sigmoid(), nn.Tanh(), nn.ReLU()]:
    # One seed, one start: what differs in the end is the activation's doing.
    torch.manual_seed(1)
    model = Net([2, 8, 8, 2], activation)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for epoch in range(60):
        optimizer.zero_grad()
        z = model(X)
        loss = nn.functional.cross_entropy(z, y)
        loss.backward()
        # What arrives at the first layer, once, before the first step.
        if epoch == 0:
            norm = model.layers[0].weight.grad.norm().item()
            print(f"{activation}: first layer's gradient {norm:.4f}")
        optimizer.step()
    accuracy = (z.argmax(dim=1) == y).float().mean()
    print(f"  loss {loss.item():.3f}, accuracy {accuracy.item():.2f}")
