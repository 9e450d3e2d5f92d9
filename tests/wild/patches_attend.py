"""Image patches as words: unfold, a class token, attention with its weights looked at, RMS norm."""
import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norms = nn.ModuleList([nn.RMSNorm(width), nn.LayerNorm(width)])
        self.attention = nn.MultiheadAttention(width, heads, dropout=0.1)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.weights = None

    def forward(self, x):
        y = self.norms[0](x)
        y, self.weights = self.attention(y, y, y, average_attn_weights=False)
        x = x + y
        return x + self.mlp(self.norms[1](x))


class Patches(nn.Module):
    def __init__(self, size=6, patch=3, width=8):
        super().__init__()
        self.cut = nn.Unfold(patch, stride=patch)
        self.project = nn.Linear(patch * patch, width)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.place = nn.Parameter(0.02 * torch.randn((size // patch) ** 2 + 1, 1, width))
        self.blocks = nn.Sequential(*[Block(width, 2) for _ in range(2)])
        self.head = nn.Linear(width, 3)

    def forward(self, images):
        x = self.project(self.cut(images).transpose(1, 2))
        x = torch.cat([self.token.expand(len(images), -1, -1), x], dim=1).transpose(0, 1)
        x = self.blocks(x + self.place)
        return self.head(x[0])


torch.manual_seed(5)
images = F.interpolate(torch.rand(6, 1, 3, 3), scale_factor=2, mode="bilinear")
labels = torch.arange(6) % 3
model = Patches()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
for epoch in range(4):
    loss = F.cross_entropy(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"{epoch} {loss.item():.4f}")
model.eval()
with torch.no_grad():
    scores = model(images)
seen = model.blocks[1].weights
print(seen.shape, seen.sum(-1).allclose(torch.ones(1)), scores.softmax(-1).max().item() < 1)
print(F.cosine_similarity(scores[0], scores[3], dim=0).item() > -1)
