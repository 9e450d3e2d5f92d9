# /// scenario
# title = "A line through points: learning the slope"
# chapter = "regression"
# level = 1
# order = 1
# watch = ["w", "loss"]
# ///
"""The points lie near f(x) = −3x. The model is y = w·x, and w starts at −10, far off.
Everything by hand: predict, measure the error, go back, take a step. Each round more than
halves the error of w. The list of costs is what one plots to see whether learning works."""
import torch

# Points on the line −3x, with a little noise: no w will fit them all.
torch.manual_seed(0)
X = torch.arange(-3, 3, 0.5).view(-1, 1)
Y = -3 * X + 0.1 * torch.randn(X.size())

# What is learned, and how fast.
w = torch.tensor(-10.0, requires_grad=True)
lr = 0.1
cost = []

for epoch in range(5):
    # Forward: the model, and the mean of the squared errors (MSE).
    y_hat = w * X
    loss = torch.mean((y_hat - Y) ** 2)
    # Backward: ∂loss/∂w = mean of 2·(ŷ − y)·x.
    loss.backward()
    cost.append(loss.item())
    print(f"epoch {epoch}: w {w:.3f}, loss {loss:.3f}, grad {w.grad:.3f}")

    # The update goes through .data, behind autograd's back. Newer code has
    # `with torch.no_grad(): w -= lr * w.grad`, for the same numbers.
    w.data = w.data - lr * w.grad.data
    # backward() adds to .grad. Without this line w swings past −3 and back again.
    w.grad.data.zero_()

# The cost falls fast at first, then levels out at the noise, above 0.
print("cost", [round(c, 2) for c in cost])
