# /// scenario
# title = "Two points: one neuron learns"
# chapter = "two_points"
# level = 1
# order = 1
# watch = ["w", "b", "y_hat", "loss"]
# ///
"""One sigmoid neuron, two points, one epoch of stochastic gradient descent.
Each point goes forward (x → z → ŷ → loss), and the gradient comes back along the same way:
∂L/∂w = ∂L/∂ŷ · ∂ŷ/∂z · ∂z/∂w, one factor per node of the graph. Then the weights take a small
step downhill. Everything that a training loop does is here, once for each point."""
import torch
import torch.nn.functional as F

# The data: two points in the plane, the first of class 0, the second of class 1.
points = [
    (torch.tensor([[0.9, -0.2]]), torch.tensor([[0.0]])),
    (torch.tensor([[0.75, 0.6]]), torch.tensor([[1.0]])),
]

# What is learned: two weights and a bias. They are leaves: gradients end in their .grad.
w = torch.tensor([[0.5], [-0.3]], requires_grad=True)
b = torch.tensor([[0.0]], requires_grad=True)

# The learning rate: how far one step goes. Too large overshoots, too small never arrives.
lr = 0.01

# One epoch: every point once. One point at a time is what "stochastic" means.
for x, y in points:
    # Clear the old gradients. backward() adds to .grad: what is left from the last point
    # would be mixed into this one, the classic bug of a hand-written loop.
    w.grad = None
    b.grad = None

    # Forward: the weighted sum of the inputs, squashed into a probability of class 1.
    z = x @ w + b
    y_hat = torch.sigmoid(z)

    # Binary cross-entropy: −log ŷ if y is 1, −log(1 − ŷ) if y is 0. Sure and wrong costs most.
    loss = F.binary_cross_entropy(y_hat, y)

    # Backward: multiply the factors from the loss to each leaf. Sigmoid and cross-entropy
    # together leave ∂L/∂z = ŷ − y, so ∂L/∂b = ŷ − y and ∂L/∂w = (ŷ − y)·x.
    loss.backward()
    print(f"y_hat {y_hat.item():.4f}, loss {loss.item():.4f}")
    print("dL/dw", w.grad)
    print("dL/db", b.grad)

    # Update: one small step against the gradient. It is no part of the model, so autograd
    # must not record it; without no_grad() PyTorch refuses to change a leaf in place.
    with torch.no_grad():
        w -= lr * w.grad
        b -= lr * b.grad
    print("new w", w)
    print("new b", b)
