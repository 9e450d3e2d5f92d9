# /// scenario
# title = "Dropout: train() and eval()"
# chapter = "training"
# level = 2
# order = 10
# watch = ["h", "dropped", "out"]
# ///
"""While training, each hidden value is set to 0 with probability p, and the others are divided by
1 − p to keep the mean. The graph shows what it is: a multiplication by a random mask. Look at the
gradient: what was dropped learns nothing this time. In eval() it does nothing at all."""
import torch
import torch.nn as nn

# Eight hidden values, all 1, so that the mask is what we see.
torch.manual_seed(0)
h = torch.ones(8, requires_grad=True)
dropout = nn.Dropout(p=0.5)

# Kept values become 1 / (1 − 0.5) = 2: the sum stays about the same.
dropped = dropout(h)
print("train:", dropped.detach())

# Backward multiplies by the same mask: 0 where it was dropped, 2 where it was kept.
out = dropped.sum()
out.backward()
print("h.grad:", h.grad)

# Another forward, another mask: a network never sees the same hidden layer twice, and cannot rely
# on a single neuron.
print("again:", dropout(h).detach())

# On average nothing changes: the mean over many masks is near 1.
many = dropout(torch.ones(1000))
print(f"mean of 1000: {many.mean().item():.2f}")

# In use, no masks. Forget eval(), and the same question gets a different answer each time.
dropout.eval()
print("eval:", dropout(h).detach())
