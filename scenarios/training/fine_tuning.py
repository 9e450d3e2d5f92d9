# /// scenario
# title = "Fine-tuning: a frozen body, a new head"
# chapter = "training"
# level = 3
# order = 11
# watch = ["body.0.weight", "head.weight", "features", "loss"]
# ///
"""A network learns one task; its first layer is kept for another, and only a new last layer is
trained. requires_grad = False freezes the body: the graph ends at its output, no gradient is
computed for it, and a step costs less. Compare the two graphs, before and after."""
import torch
import torch.nn as nn
import torch.nn.functional as F

# Task one: is the point inside the unit circle? Task two: is it in the right half of it?
torch.manual_seed(0)
X = torch.rand(32, 2) * 3 - 1.5
inside = ((X**2).sum(dim=1, keepdim=True) < 1).float()
right = inside * (X[:, :1] > 0).float()

# The first training: body and head together.
body = nn.Sequential(nn.Linear(2, 16), nn.Tanh())
head = nn.Linear(16, 1)
optimizer = torch.optim.Adam([*body.parameters(), *head.parameters()], lr=0.1)
for epoch in range(60):
    optimizer.zero_grad()
    loss = F.binary_cross_entropy_with_logits(head(body(X)), inside)
    loss.backward()
    optimizer.step()
print(f"task one: loss {loss.item():.2f}")

# Freeze the body, and put a new head on it. Only the head goes to the optimizer.
for p in body.parameters():
    p.requires_grad = False
    p.grad = None
before = body[0].weight.clone()
head = nn.Linear(16, 1)
optimizer = torch.optim.Adam(head.parameters(), lr=0.1)

for epoch in range(60):
    optimizer.zero_grad()
    # features has no grad_fn: for the new head the body is just a fixed function.
    features = body(X)
    loss = F.binary_cross_entropy_with_logits(head(features), right)
    loss.backward()
    optimizer.step()

# The body got no gradient and has not moved: check it, a forgotten freeze is silent.
print(f"task two: loss {loss.item():.2f}")
print("features.requires_grad", features.requires_grad, "grad", body[0].weight.grad)
print("body unchanged", torch.equal(before, body[0].weight))
