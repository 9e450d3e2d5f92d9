# /// scenario
# title = "Digits with a convolutional network"
# chapter = "convolution"
# level = 2
# order = 5
# watch = ["images", "model.0.weight", "model.3.weight", "scores", "loss"]
# ///
"""Conv, pool, conv, pool, linear: kernels find strokes wherever they are, pooling forgets where
exactly, and one linear layer decides. The digits are those of digits_mlp: with a sixth of its
weights this network does much better on new ones. Follow the shapes from layer to layer."""
import torch
import torch.nn as nn
import torch.nn.functional as F

# True: more digits, channels and rounds than one would step through.
larger = False
count, channels, epochs = (600, 8, 10) if larger else (60, 4, 4)

# Digits of 3 × 5 dots on 28 × 28 pixels with noise, as in digits_mlp.
font = "111101101101111 010110010010111 111001111100111 111001111001111 101101111001001 "
font += "111100111001111 111100111101111 111001001010010 111101111101111 111101111001111"
dots = torch.tensor([[float(dot) for dot in digit] for digit in font.split()])
glyphs = dots.view(10, 5, 1, 3, 1).expand(10, 5, 4, 3, 4).reshape(10, 20, 12)


# [B, 1, 28, 28]: a digit somewhere, put there by R @ digit @ C, and noise.
def draw(count):
    top, left = torch.randint(2, 7, (2, count, 1))
    R = torch.eye(28)[top + torch.arange(20)].transpose(1, 2)
    C = torch.eye(28)[left + 4 + torch.arange(12)]
    labels = torch.arange(count) % 10
    return (R @ glyphs[labels] @ C + 0.1 * torch.randn(count, 28, 28)).unsqueeze(1), labels


torch.manual_seed(0)
X, Y = draw(count)
X_test, Y_test = draw(100)

# 28 − 5 + 1 = 24, pooled 12; 12 − 5 + 1 = 8, pooled 4: the last layer must
# expect channels · 4 · 4 numbers. A wrong count here is the usual error.
model = nn.Sequential(
    nn.Conv2d(1, channels, 5), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(channels, 2 * channels, 5), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(2 * channels * 4 * 4, 10),
)
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
print("parameters:", sum(p.numel() for p in model.parameters()))

# The loop is the one of every network: only the model has changed.
for epoch in range(epochs):
    for images, labels in zip(X.split(10), Y.split(10)):
        scores = model(images)
        loss = F.cross_entropy(scores, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        seen = (model(X).argmax(dim=1) == Y).float().mean().item()
        new = (model(X_test).argmax(dim=1) == Y_test).float().mean().item()
    print(f"epoch {epoch}: loss {loss.item():.2f}, accuracy {seen:.2f}, on new digits {new:.2f}")
