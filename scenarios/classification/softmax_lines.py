# /// scenario
# title = "Softmax: three classes, three scores"
# chapter = "classification"
# level = 2
# order = 2
# watch = ["model.weight", "model.bias", "z", "loss"]
# ///
"""nn.Linear(2, 3) gives every point three scores, one for each class; the largest wins. Each score
is a plane over the points, and where two planes meet is the line between two classes. Look at the
gradient of z in the first backward: softmax minus one-hot, divided by the batch."""
import torch
import torch.nn as nn

# Three points of each class. The target is a class number, int64: no one-hot, no float.
X = torch.tensor([
    [2.0, 0.2], [1.6, -0.3], [2.3, 0.0],
    [-1.0, 1.5], [-0.7, 2.0], [-1.4, 1.8],
    [-1.0, -1.6], [-0.6, -2.0], [-1.3, -1.7],
])
y = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, 2])

# One row of weights and one bias for each class. From zero all classes are equally likely.
model = nn.Linear(2, 3)
nn.init.zeros_(model.weight)
nn.init.zeros_(model.bias)

# CrossEntropyLoss takes scores and applies softmax itself. A softmax of your own before it is the
# commonest mistake here: it still learns, only slowly, and nobody tells you.
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
for epoch in range(20):
    optimizer.zero_grad()
    z = model(X)
    loss = criterion(z, y)
    loss.backward()
    optimizer.step()
    # The first loss of any three-class model that knows nothing is log 3 = 1.0986.
    if epoch in (0, 1, 19):
        print(f"epoch {epoch}: loss {loss.item():.4f}")

# max(1) goes along the classes and returns two things: the best score and whose it is.
values, predicted = model(X).max(1)
print("predicted", predicted, "correct", (predicted == y).sum().item())

# Between classes 1 and 2 the line is (w₁ − w₂)·x + (b₁ − b₂) = 0, here nearly x₁ = 0.
print("line between 1 and 2: weights", (model.weight[1] - model.weight[2]).detach())

# A point half-way between two classes: the probabilities say that the model is not sure.
z = model(torch.tensor([[-1.0, 0.0]]))
print("half-way:", torch.softmax(z, dim=1).detach())
