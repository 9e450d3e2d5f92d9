# /// scenario
# title = "A linear autoencoder finds the main direction"
# chapter = "architectures"
# level = 2
# order = 1
# watch = ["W_e", "W_d", "code", "X_hat", "loss"]
# ///
"""Two numbers go in, one number in the middle has to carry them, two numbers come out. The target
is the input itself: no labels are needed. What survives the bottleneck is the direction in which
the data vary most, the first principal component (PCA). Look at W_e while it turns."""
import torch
import torch.nn as nn

# Four points with mean 0. PCA by hand: the main direction is (1, 1)/√2; the
# other one, (1, −1)/√2, carries only a tenth of the variance.
X = torch.tensor([[2.0, 1.0], [1.0, 2.0], [-1.0, -2.0], [-2.0, -1.0]]).double()

# Encoder 2 → 1, decoder 1 → 2. No bias, because the mean of the data is 0.
# double(): with 16 digits, to see the gradient really become 0.
encoder = nn.Linear(2, 1, bias=False).double()
decoder = nn.Linear(1, 2, bias=False).double()

# The start: keep the first coordinate, forget the second.
encoder.weight.data = torch.tensor([[1.0, 0.0]]).double()
decoder.weight.data = torch.tensor([[1.0], [0.0]]).double()
W_e, W_d = encoder.weight, decoder.weight
optimizer = torch.optim.SGD([W_e, W_d], lr=0.2)

# The input is also the target. Real data: subtract the mean first.
for step in range(31):
    optimizer.zero_grad()
    # One number per point, and back: all X_hat lie on one line through 0.
    code = encoder(X)
    X_hat = decoder(code)
    loss = ((X_hat - X) ** 2).mean()
    loss.backward()
    if step % 10 == 0:
        print(f"step {step:2}: loss {loss.item():.4f}")
    # The loss above is that of the weights before this step.
    optimizer.step()

# Their product nears the projection onto the diagonal, four times ½. The
# factors are not unique: encoder times 2, decoder times ½ does the same.
print("W_d @ W_e:", (W_d @ W_e).detach())

# The answer of PCA, W = (1, 1)/√2 in both: the gradient is 0. The loss that
# is left, 0.25, lies across the diagonal; one number cannot carry it too.
W_e.data = torch.tensor([[0.5, 0.5]]).double().sqrt()
W_d.data = W_e.data.T
optimizer.zero_grad()
loss = ((decoder(encoder(X)) - X) ** 2).mean()
loss.backward()
print(f"with W of PCA: loss {loss.item():.4f}, largest gradient {W_e.grad.abs().max().item():.4f}")
