# /// scenario
# title = "Several inputs, several outputs: one matrix"
# chapter = "regression"
# level = 2
# order = 6
# watch = ["X", "W", "b", "Y_hat", "loss"]
# ///
"""One prediction is a dot product, w·x + b. Many samples and outputs are many dot products, and
a matrix product is nothing else: row times column. Follow the shapes, and see that the
gradient of W has the shape of W, the gradient of b that of b. It is always so."""
import torch
from torch import nn

# Three samples (rows) with two features; two numbers to predict for each.
X = torch.tensor([[1.0, 2.0], [0.0, 1.0], [-1.0, 1.0]])
Y = torch.tensor([[4.0, 0.0], [2.0, 0.0], [1.0, -1.0]])

# A row of W for each output, as in nn.Linear, and a bias for each output.
W = torch.tensor([[1.0, 2.0], [0.5, -0.5]], requires_grad=True)
b = torch.tensor([0.0, 1.0], requires_grad=True)

# The dot product gives the first sample's first output, 1·1 + 2·2 + 0 = 5. The matrix form,
# (3, 2) @ (2, 2) + (2), gives all six at once.
Y_hat = X @ W.T + b
print("one output: ", (torch.dot(W[0], X[0]) + b[0]).item(), "all outputs:", Y_hat.data)

# ∂L/∂W = Eᵀ X and ∂L/∂b = the column sums of E, where E = ∂L/∂Ŷ.
loss = ((Y_hat - Y) ** 2).sum()
Y_hat.retain_grad()
loss.backward()
E = Y_hat.grad
print("loss", loss.item())
print("W.grad", W.grad, "by hand", E.T @ X)
print("b.grad", b.grad, "by hand", E.sum(dim=0))

# nn.Linear(2, 2) is the same thing. Set to the same numbers, it agrees.
layer = nn.Linear(2, 2)
layer.load_state_dict({"weight": W, "bias": b})
print("nn.Linear:", torch.equal(layer(X), Y_hat))
