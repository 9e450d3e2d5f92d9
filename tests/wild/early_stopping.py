import copy

import torch
import torch.nn as nn


class EarlyStopping:
    """Stops when the validation loss has not improved for `patience` epochs."""

    def __init__(self, patience=3, min_delta=0.0):
        self.patience = patience
        self.min_delta = min_delta
        self.counter = 0
        self.best_loss = float("inf")
        self.early_stop = False
        self.best_state = None

    def __call__(self, val_loss, model):
        if val_loss < self.best_loss - self.min_delta:
            self.best_loss = val_loss
            self.counter = 0
            self.best_state = copy.deepcopy(model.state_dict())
        else:
            self.counter += 1
            if self.counter >= self.patience:
                self.early_stop = True


torch.manual_seed(3)
x = torch.linspace(-1, 1, 40).unsqueeze(1)
y = x ** 3 + 0.1 * torch.randn_like(x)
perm = torch.randperm(len(x))
train_idx, val_idx = perm[:24], perm[24:]
model = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.05, weight_decay=1e-4)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode='min', factor=0.5, patience=2)
stopper = EarlyStopping(patience=4)
history = {"train": [], "val": []}
for epoch in range(60):
    model.train()
    optimizer.zero_grad(set_to_none=True)
    loss = criterion(model(x[train_idx]), y[train_idx])
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
    optimizer.step()
    model.eval()
    with torch.no_grad():
        val_loss = criterion(model(x[val_idx]), y[val_idx]).item()
    scheduler.step(val_loss)
    history["train"].append(loss.item())
    history["val"].append(val_loss)
    stopper(val_loss, model)
    if stopper.early_stop:
        print("early stop at epoch", epoch)
        break
best = copy.deepcopy(model)
best.load_state_dict(stopper.best_state)
print("best", round(stopper.best_loss, 4), "last", round(history["val"][-1], 4))
print(optimizer.param_groups[0]["lr"])
with torch.no_grad():
    print(round(criterion(best(x[val_idx]), y[val_idx]).item(), 4))
print(list(stopper.best_state.keys()))
for key, value in best.state_dict().items():
    print(key, value.shape, torch.equal(value, model.state_dict()[key]))
