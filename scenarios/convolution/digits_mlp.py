# /// scenario
# title = "Digits with a plain network"
# chapter = "convolution"
# level = 2
# order = 4
# watch = ["images", "scores", "loss", "p"]
# ///
"""A picture of 28 × 28 pixels is laid out as one row of 784 numbers: for this network a pixel has
no neighbours, and a digit two pixels further left is a different thing altogether. Look at the
two accuracies: it learns its digits by heart, and fails on new ones. digits_cnn does better."""
import torch
import torch.nn as nn
import torch.nn.functional as F

# True: more digits, neurons and rounds than one would step through.
larger = False
count, hidden, epochs = (600, 64, 10) if larger else (60, 16, 4)

# The digits as 5 rows of 3 dots. expand makes 4 × 4 pixels of each dot.
font = "111101101101111 010110010010111 111001111100111 111001111001111 101101111001001 "
font += "111100111001111 111100111101111 111001001010010 111101111101111 111101111001111"
dots = torch.tensor([[float(dot) for dot in digit] for digit in font.split()])
glyphs = dots.view(10, 5, 1, 3, 1).expand(10, 5, 4, 3, 4).reshape(10, 20, 12)


# [B, 1, 28, 28]: noise, and a digit somewhere. The classes: 0, 1, … 9, 0, …
def draw(count):
    pictures = 0.1 * torch.randn(count, 1, 28, 28)
    for i in range(count):
        top, left = torch.randint(2, 7, (2,)).tolist()
        pictures[i, 0, top : top + 20, left + 4 : left + 16] += glyphs[i % 10]
    return pictures, torch.arange(count) % 10


# Test digits are new ones: those of the training would flatter the network.
torch.manual_seed(0)
X, Y = draw(count)
X_test, Y_test = draw(100)

# One row per picture, view(-1, 28 * 28), a hidden layer, ten scores.
model = nn.Sequential(nn.Linear(28 * 28, hidden), nn.ReLU(), nn.Linear(hidden, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
print("parameters:", sum(p.numel() for p in model.parameters()))

# Ten pictures at a time. cross_entropy has the softmax inside: a model that
# ends with one of its own learns much slower, and no error tells.
for epoch in range(epochs):
    for images, labels in zip(X.split(10), Y.split(10)):
        scores = model(images.view(-1, 28 * 28))
        loss = F.cross_entropy(scores, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    # How often the highest score is that of the right class.
    with torch.no_grad():
        seen = (model(X.view(-1, 28 * 28)).argmax(dim=1) == Y).float().mean().item()
        new = (model(X_test.view(-1, 28 * 28)).argmax(dim=1) == Y_test).float().mean().item()
        p = F.softmax(scores[0], dim=0)
    print(f"epoch {epoch}: loss {loss.item():.2f}, accuracy {seen:.2f}, on new digits {new:.2f}")
