# /// scenario
# title = "One hidden layer in 1-D: two neurons or six"
# chapter = "classification"
# level = 2
# order = 5
# watch = ["model.0.weight", "model.2.weight", "y_hat", "loss"]
# ///
"""Class 1 lies in the middle of the line, class 0 on both sides: one threshold cannot do it. Each
hidden sigmoid is a smooth step at a place of its own; the output adds the steps up. Compare two
hidden neurons, Net(1, 2, 1), with six, Net(1, 6, 1): after as many epochs, which is further?"""
import torch
import torch.nn as nn

# x from −10 to 10; class 1 between −4 and 4. float(): the layers take no whole numbers.
X = torch.arange(-10, 11).view(-1, 1).float()
Y = ((X > -4) & (X < 4)).float()

for H in [2, 6]:
    # The same seed for both, so that luck plays a smaller part. Hidden neuron i has its step at
    # x = −b/w, with the w and b of row i in the first layer.
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, H), nn.Sigmoid(), nn.Linear(H, 1), nn.Sigmoid())

    # Adam gives every weight a rate of its own: about 0.01 a step, however flat it is.
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for epoch in range(201):
        optimizer.zero_grad()
        y_hat = model(X)
        loss = nn.functional.binary_cross_entropy(y_hat, Y)
        loss.backward()
        optimizer.step()
        if epoch % 100 == 0:
            print(f"H = {H}, epoch {epoch}: loss {loss.item():.3f}")

    # More neurons, more ways to put two steps in the right places. Neither net is done yet.
    print("".join("#" if p > 0.5 else "." for p in y_hat.flatten().tolist()))
