# /// scenario
# title = "Channels: one kernel for each input and output"
# chapter = "convolution"
# level = 2
# order = 2
# watch = ["x", "conv.weight", "conv.bias", "out", "loss"]
# ///
"""A colour picture has three channels, and every layer makes new ones. Each output channel looks
at all input channels, with a kernel of its own for each: kernels = in × out. Look at the shape of
conv.weight, (out, in, height, width), and at the sum that makes one output channel."""
import torch
import torch.nn as nn
import torch.nn.functional as F

# One picture, two channels: a vertical line in the first, a horizontal one in the second.
x = torch.zeros(1, 2, 4, 4)
x[0, 0, :, 1] = 1.0
x[0, 1, 2, :] = 1.0

# Two channels in, three out: 2 · 3 = 6 kernels of 3 × 3, and three biases.
conv = nn.Conv2d(2, 3, kernel_size=3)
print("weight", conv.weight.shape, "bias", conv.bias.shape)
print("parameters:", sum(p.numel() for p in conv.parameters()))

# Kernels that can be checked in the head. Channel 0 of the output likes vertical lines in the
# first channel, 1 horizontal ones in the second, and 2 is the mean of everything.
vertical = torch.tensor([[0.0, 1.0, 0.0]]).repeat(3, 1)
conv.weight.data = torch.full((3, 2, 3, 3), 1 / 18)
conv.weight.data[:2] = 0.0
conv.weight.data[0, 0] = vertical
conv.weight.data[1, 1] = vertical.T
conv.bias.data = torch.tensor([0.0, 0.0, -1.0])
out = conv(x)
print(out.detach())

# The last output channel again: one convolution per input channel, added up.
parts = [F.conv2d(x[:, i : i + 1], conv.weight[2:3, i : i + 1]) for i in range(2)]
print("same:", torch.allclose(parts[0] + parts[1] - 1.0, out[:, 2:3]))

# The bias of a channel is added at all 2 · 2 places, so four gradients meet. A kernel's gradient
# depends on its input channel alone here: it counts how often each weight met a line.
loss = out.sum()
loss.backward()
print("bias.grad", conv.bias.grad)
print("first channel:", conv.weight.grad[0, 0])
print("second channel:", conv.weight.grad[0, 1])
