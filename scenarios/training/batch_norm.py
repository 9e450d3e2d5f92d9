# /// scenario
# title = "Batch normalisation: statistics inside the network"
# chapter = "training"
# level = 3
# order = 9
# watch = ["bn.weight", "bn.bias", "bn.running_mean", "out"]
# ///
"""Each feature is brought to mean 0 and variance 1 over the batch, then scaled and shifted by two
learned numbers. Three gradients leave the node: for the input, the weight and the bias. In eval()
the batch is replaced by running statistics: forget that call, and results are noise."""
import torch
import torch.nn as nn

# Four samples, two features on very different scales.
x = torch.tensor([[1.0, 100.0], [2.0, 300.0], [3.0, 200.0], [6.0, 400.0]]).requires_grad_()

# weight (γ) starts at 1, bias (β) at 0. In training mode the columns of out have mean 0 and
# variance 1, whatever their scale was.
bn = nn.BatchNorm1d(2)
out = bn(x)
print("out", out.detach())
print(f"mean {out.mean().abs():.4f}, deviations {out.detach().std(dim=0, unbiased=False)}")

# Forward also changed two buffers, which started at 0 and 1: 0.9 · old + 0.1 · this batch.
print("running_mean", bn.running_mean, "running_var", bn.running_var)

# A loss that looks at the last sample alone, and wants its two outputs to be 1. β collects the
# gradient of out over the batch, γ the same times the normalised x.
loss = ((out[3] - 1) ** 2).sum()
loss.backward()
print("bias.grad", bn.bias.grad, "weight.grad", bn.weight.grad)

# Yet every sample gets a gradient: mean and variance join them. Each column sums to 0, for
# shifting all samples alike changes nothing.
print(f"x.grad {x.grad}, column sums {x.grad.sum(dim=0).abs().max():.4f}")

# eval(): one sample alone can go through, with the running statistics instead.
bn.eval()
print("eval", bn(x[:1].detach()).detach())
