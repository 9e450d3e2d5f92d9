# /// scenario
# title = "A checkpoint: stop today, go on tomorrow"
# chapter = "regression"
# level = 2
# order = 11
# watch = ["model.weight", "model.bias", "loss"]
# ///
"""Training is interrupted after three epochs and resumed with a new model and a new optimizer.
The numbers are those of an uninterrupted run, if the optimizer's memory is saved as well: with
momentum the next step depends on all steps before. Look for the buffer in the update step."""
import torch
from torch import nn, optim

# Points on y = 2x + 1.
X = torch.tensor([[-1.0], [0.0], [1.0], [2.0]])
Y = 2 * X + 1


# A new model always starts at 0 here, so that the runs can be compared.
def start():
    model = nn.Linear(1, 1)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    return model, optim.SGD(model.parameters(), lr=0.05, momentum=0.5)


def train(name, model, optimizer, epochs):
    for epoch in range(epochs):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(X), Y)
        loss.backward()
        optimizer.step()
    print(f"{name}: loss {loss.item():.4f}, w {model.weight.item():.4f}")


# Six epochs without a break: what the others are measured by.
train("uninterrupted", *start(), 6)

# Three epochs, then a checkpoint of both. torch.save(checkpoint, "run.pt") would write it to disk.
model, optimizer = start()
train("interrupted at", model, optimizer, 3)
checkpoint = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}

# Resumed with the weights alone: the momentum is lost, the way is another.
model, optimizer = start()
model.load_state_dict(checkpoint["model"])
train("weights only", model, optimizer, 3)

# Resumed with both: to the last digit the uninterrupted run.
model, optimizer = start()
model.load_state_dict(checkpoint["model"])
optimizer.load_state_dict(checkpoint["optimizer"])
train("with optimizer", model, optimizer, 3)
