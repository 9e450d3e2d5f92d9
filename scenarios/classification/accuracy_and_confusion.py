# /// scenario
# title = "Accuracy and the confusion matrix"
# chapter = "classification"
# level = 2
# order = 7
# watch = ["model.weight", "z", "predicted", "confusion"]
# ///
"""How good is a trained classifier? Not its loss but counts on data it has not seen: how many are
right, and which class is taken for which. The confusion matrix has a row for each true class and
a column for each answer: on its diagonal is what is right."""
import torch
import torch.nn as nn

# Three overlapping clouds of 20 points. Half of the points are kept for the test: a score on the
# training data says little about new data.
torch.manual_seed(0)
centres = torch.tensor([[0.0, 0.0], [2.0, 0.0], [1.0, 2.0]])
X = centres.repeat(20, 1) + 0.8 * torch.randn(60, 2)
y = torch.arange(60) % 3
X_train, y_train, X_test, y_test = X[:30], y[:30], X[30:], y[30:]

# A short training, as in softmax_lines.
model = nn.Linear(2, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
for epoch in range(40):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(X_train), y_train)
    loss.backward()
    optimizer.step()

# Evaluation: eval() switches off dropout and the like, no_grad() the graph.
model.eval()
with torch.no_grad():
    z = model(X_test)
    predicted = z.argmax(dim=1)
correct = (predicted == y_test).sum().item()
print(f"{correct} of 30 right, accuracy {correct / 30:.2f}")

# One count for each point, in the row of its class and the column of the answer.
confusion = torch.zeros(3, 3, dtype=torch.int64)
for true, answer in zip(y_test, predicted):
    confusion[true, answer] += 1
print(confusion)

# Recall: of this class, how many were found (a row). Precision: of the answers with this class,
# how many were right (a column). One number for all would hide the weak class.
for k in range(3):
    hits = confusion[k, k].item()
    recall = hits / confusion[k].sum().item()
    precision = hits / confusion[:, k].sum().item()
    print(f"class {k}: recall {recall:.2f}, precision {precision:.2f}")
