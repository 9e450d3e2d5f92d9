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


# [B, 1, 28, 28]: a digit somewhere, and noise. R @ digit @ C puts the digit
# at its place: rows of the identity say where its rows and columns go.
def draw(count):
    top, left = torch.randint(2, 7, (2, count, 1))
    R = torch.eye(28)[top + torch.arange(20)].transpose(1, 2)
    C = torch.eye(28)[left + 4 + torch.arange(12)]
    labels = torch.arange(count) % 10
    return (R @ glyphs[labels] @ C + 0.1 * torch.randn(count, 28, 28)).unsqueeze(1), labels


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
