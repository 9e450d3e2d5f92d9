# /// scenario
# title = "Max pooling: the gradient goes to the winners"
# chapter = "convolution"
# level = 1
# order = 3
# watch = ["x", "out", "loss"]
# ///
"""Of every 2 × 2 block only the largest number is kept: the picture gets four times smaller, and a
shift by one pixel often changes nothing. Nothing is learned here. Look at x.grad: the gradient
goes to the four maxima, and to nobody else."""
import torch
import torch.nn.functional as F

# A channel of 4 × 4. The first two dimensions are batch and channel.
x = torch.tensor([
    [12.0, 20.0, 30.0, 0.0],
    [8.0, 12.0, 2.0, 0.0],
    [34.0, 70.0, 37.0, 4.0],
    [112.0, 100.0, 25.0, 12.0],
]).view(1, 1, 4, 4).requires_grad_()

# Blocks of 2 × 2 that do not overlap: unless told, the stride is the size. Each block gets a
# gradient of its own, to see where it goes.
out = F.max_pool2d(x, 2)
loss = (out * torch.tensor([[1.0, 2.0], [3.0, 4.0]])).sum()
loss.backward()
print(out)
print("x.grad:", x.grad)

# The other common choice, the mean of each block: each number gets a quarter of its gradient.
x.grad = None
mean = F.avg_pool2d(x, 2)
mean.sum().backward()
print("mean:", mean.data, "x.grad:", x.grad[0, 0, 0])

# A tie has one winner, the first. After a ReLU ties at 0 are common.
tie = torch.zeros(1, 1, 2, 2, requires_grad=True)
F.max_pool2d(tie, 2).sum().backward()
print("tie:", tie.grad[0, 0])
