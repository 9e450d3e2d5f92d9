# /// scenario
# title = "−Σ y·log ŷ is half of a loss"
# chapter = "neuron"
# level = 2
# order = 7
# watch = ["z", "y_hat", "losses"]
# ///
"""L = −Σ yᵢ log ŷᵢ is right where every class has an output of its own. With one output for two
classes it is a trap: a sample with y = 0 has no loss and no gradient, however wrong it is.
The term (1 − y)·log(1 − ŷ) repairs it. Look at the second element of every gradient."""
import torch
import torch.nn.functional as F

# Two samples, both predicted with ŷ = sigmoid(0) = ½: the first of class 1, the second of 0.
y = torch.tensor([1.0, 0.0])
z = torch.tensor([0.0, 0.0], requires_grad=True)

# The formula as often printed. log ŷ of the second is multiplied by 0: nobody pulls it down.
# Training drives every ŷ to 1, and the loss, on its way to 0, looks like a success.
y_hat = torch.sigmoid(z)
losses = -(y * torch.log(y_hat))
losses.sum().backward()
print("printed: ", losses.data, "gradient", z.grad)

# With the second term each class has a loss. Both gradients are ŷ − y.
z.grad = None
y_hat = torch.sigmoid(z)
losses = -(y * torch.log(y_hat) + (1 - y) * torch.log(1 - y_hat))
losses.sum().backward()
print("repaired:", losses.data, "gradient", z.grad)
print("PyTorch: ", F.binary_cross_entropy(y_hat, y, reduction="none").data)

# With one output for each class (softmax) the short formula is complete: ŷ₁ and ŷ₀ share one
# whole, so pushing one up pushes the other down.
scores = torch.zeros(2, 2, requires_grad=True)
one_hot = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
losses = -(one_hot * torch.log_softmax(scores, dim=1)).sum(dim=1)
losses.sum().backward()
print("softmax: ", losses.data, "gradient", scores.grad)
