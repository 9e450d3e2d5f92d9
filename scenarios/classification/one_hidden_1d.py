# /// scenario
# title = "One hidden layer in 1-D: two neurons or six"
# chapter = "classification"
# level = 2
# order = 5
# watch = ["model.linear1.weight", "model.linear2.weight", "y_hat", "loss"]
# ///
"""Class 1 lies in the middle of the line, class 0 on both sides: one
threshold cannot do it. Each hidden sigmoid is a smooth step at a place of
its own; the output adds the steps up. Compare Net(1, 2, 1) with Net(1, 6,
1): after the same number of epochs, which is further?"""
import torch
import torch.nn as nn


# D_in inputs, H hidden neurons, D_out outputs.
class Net(nn.Module):
    def __init__(self, D_in, H, D_out):
        super().__init__()
        self.linear1 = nn.Linear(D_in, H)
        self.linear2 = nn.Linear(H, D_out)

    def forward(self, x):
        # h has a column per hidden neuron: one step each, at x = −b/w.
        h = torch.sigmoid(self.linear1(x))
        return torch.sigmoid(self.linear2(h))


# x from −10 to 10; class 1 between −4 and 4. float(): the layers take no
# whole numbers.
X = torch.arange(-10, 11).view(-1, 1).float()
Y = ((X > -4) & (X < 4)).float()
criterion = nn.BCELoss()

for H in [2, 6]:
    # The same seed for both, so that luck plays a smaller part.
    torch.manual_seed(0)
    model = Net(1, H, 1)
    # Adam gives every weight a rate of its own: about 0.01 a step, however
    # flat it is.
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for epoch in range(201):
        optimizer.zero_grad()
        y_hat = model(X)
        loss = criterion(y_hat, Y)
        loss.backward()
        optimizer.step()
        if epoch % 100 == 0:
            print(f"H = {H}, epoch {epoch}: loss {loss.item():.3f}")
    # More neurons, more ways to put two steps in the right places. Neither
    # is done yet.
    print("".join("#" if p > 0.5 else "." for p in y_hat.flatten().tolist()))
