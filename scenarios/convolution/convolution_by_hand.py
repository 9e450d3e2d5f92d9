# /// scenario
# title = "Convolution by hand: a kernel slides over a picture"
# chapter = "convolution"
# level = 1
# order = 1
# watch = ["image", "patch", "pattern", "fit", "kernel", "out"]
# ///
"""A kernel is a small pattern, here a vertical line. It is laid on every place of the picture; the
sum of products says how well it fits there. The same nine weights serve all places: that is why
so few are needed, and why their gradient is a sum over all places. Look at the middle column."""
import torch
import torch.nn.functional as F

# A picture of 5 × 5 with a vertical line, and a pattern of 3 × 3 like it.
image = torch.zeros(5, 5)
image[:, 2] = 1.0
pattern = torch.tensor([[-1.0, 2.0, -1.0]]).repeat(3, 1)
print(image)

# Multiply, and add up. 5 − 3 + 1 = 3 places in each direction: here the three of the top row.
by_hand = []
for column in range(3):
    patch = image[0:3, column : column + 3]
    fit = (patch * pattern).sum()
    by_hand.append(fit.item())
print("by hand:", by_hand)

# In one call. conv2d wants four dimensions, (batch, channels, height, width): view adds the first
# two, each of size 1. To forget them is the usual error.
x = image.view(1, 1, 5, 5)
kernel = pattern.view(1, 1, 3, 3).requires_grad_()
out = F.conv2d(x, kernel)
print(out[0, 0].detach())

# From one place the gradient of the kernel is the patch below it; from the whole column that
# found the line it is three patches, added up.
out[0, 0, 1, 1].backward(retain_graph=True)
print("gradient of one place:", kernel.grad[0, 0])
kernel.grad = None
out[0, 0, :, 1].sum().backward()
print("gradient of three:", kernel.grad[0, 0])

# padding=1 puts zeros around the picture and keeps its size; stride=2 takes every second place.
# Size: (5 + 2·padding − 3) // stride + 1.
for padding, stride in [(0, 1), (1, 1), (0, 2), (1, 2)]:
    size = F.conv2d(x, kernel, padding=padding, stride=stride).shape
    print(f"padding {padding}, stride {stride}: {size[2]} x {size[3]}")
