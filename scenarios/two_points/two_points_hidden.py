# /// scenario
# title = "Two points: a hidden layer"
# chapter = "two_points"
# level = 2
# order = 3
# watch = ["W1", "b1", "W2", "b2", "h", "y_hat", "loss"]
# ///
"""Between input and output come two hidden sigmoid neurons. The way back gets longer:
the gradient reaches W1 only through W2, so the error of a hidden neuron is the error of the
output times the weight that connects them. That is where back-propagation has its name from."""
import torch
import torch.nn.functional as F

# The points of two_points.
points = [
    (torch.tensor([[0.9, -0.2]]), torch.tensor([[0.0]])),
    (torch.tensor([[0.75, 0.6]]), torch.tensor([[1.0]])),
]

# W1 has a column for each hidden neuron. Equal columns would get equal gradients, and both
# neurons would stay twins for ever: starting weights must differ.
W1 = torch.tensor([[0.5, -0.4], [-0.3, 0.2]], requires_grad=True)
b1 = torch.tensor([[0.0, 0.0]], requires_grad=True)
W2 = torch.tensor([[0.6], [-0.5]], requires_grad=True)
b2 = torch.tensor([[0.0]], requires_grad=True)
parameters = [W1, b1, W2, b2]
lr = 0.01

# One epoch, a point at a time.
for x, y in points:
    # Clear what the last point left behind.
    for p in parameters:
        p.grad = None

    # Forward, layer by layer: the output of one is the input of the next.
    h = torch.sigmoid(x @ W1 + b1)
    y_hat = torch.sigmoid(h @ W2 + b2)
    loss = F.binary_cross_entropy(y_hat, y)

    # Backward, in the opposite order: first W2 and b2, then through h to W1 and b1.
    # W1's gradient is the smaller one: it has passed one more weight and one more sigmoid.
    loss.backward()
    print(f"y_hat {y_hat.item():.4f}, loss {loss.item():.4f}")
    print("dL/dW2", W2.grad)
    print("dL/dW1", W1.grad)

    # The same step for every parameter. This loop is what optimizer.step() does.
    with torch.no_grad():
        for p in parameters:
            p -= lr * p.grad

# After one epoch every number has moved a little. Thousands of such steps are a training.
print("W1", W1)
print("W2", W2)
