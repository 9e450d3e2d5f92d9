# /// scenario
# title = "Losses for numbers: MSE, MAE, MSLE"
# chapter = "neuron"
# level = 1
# order = 5
# watch = ["y_hat", "y", "loss"]
# ///
"""Four predictions of a price, the last one far off. Three losses measure the same errors, and
their gradients say how hard each prediction is pulled towards its target. Compare the last
column: a loss is the choice of which errors shall matter."""
import torch
import torch.nn.functional as F

# The errors ŷ − y are 1, −1, 0 and 10.
y = torch.tensor([1.0, 3.0, 4.0, 9.0])
y_hat = torch.tensor([2.0, 2.0, 4.0, 19.0], requires_grad=True)

# MSE, the mean of (ŷ − y)²: the gradient 2(ŷ − y)/n grows with the error.
# One outlier outweighs all the rest: check your data before you use it.
loss = F.mse_loss(y_hat, y)
loss.backward()
print("MSE ", loss.item())
print("  gradient", y_hat.grad)

# MAE, the mean of |ŷ − y|: ±1/n however far off, so it bears outliers. But
# the pull does not fade near the target either, and at 0 PyTorch takes 0.
y_hat.grad = None
loss = F.l1_loss(y_hat, y)
loss.backward()
print("MAE ", loss.item())
print("  gradient", y_hat.grad)

# MSLE, the MSE of log(1 + y), sees the ratio (1 + ŷ)/(1 + y): the outlier
# is wrong by a factor of 2. Good for prices and counts; nan below −1.
y_hat.grad = None
loss = F.mse_loss(torch.log1p(y_hat), torch.log1p(y))
loss.backward()
print(f"MSLE {loss.item():.4f}")
print("  gradient", y_hat.grad)
