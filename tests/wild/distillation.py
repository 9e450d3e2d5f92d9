# Knowledge distillation: a small student learns from the soft answers of a large teacher.
import torch
import torch.nn as nn
import torch.optim as optim
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split

device = torch.accelerator.current_accelerator().type if torch.accelerator.is_available() else "cpu"
print(f"Using {device} device")
torch.manual_seed(0)


class DeepNN(nn.Module):
    def __init__(self, num_classes=3):
        super(DeepNN, self).__init__()
        self.features = nn.Sequential(
            nn.Linear(4, 32), nn.ReLU(),
            nn.Linear(32, 32), nn.ReLU(),
        )
        self.classifier = nn.Sequential(nn.Linear(32, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, num_classes))

    def forward(self, x):
        x = self.features(x)
        x = torch.flatten(x, 1)
        return self.classifier(x)


class LightNN(nn.Module):
    def __init__(self, num_classes=3):
        super(LightNN, self).__init__()
        self.features = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
        self.classifier = nn.Linear(8, num_classes)

    def forward(self, x):
        return self.classifier(self.features(x))


x = torch.rand(120, 4) * 4 - 2
y = (x[:, 0] * x[:, 1] > 0).long() + (x[:, 2] > 1).long()
train_set, test_set = random_split(TensorDataset(x, y), [0.75, 0.25], generator=torch.Generator().manual_seed(42))
train_loader = DataLoader(train_set, batch_size=30, shuffle=True, num_workers=0)
test_loader = DataLoader(test_set, batch_size=30, shuffle=False)


def train(model, train_loader, epochs, learning_rate, device):
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=learning_rate)
    model.train()
    for epoch in range(epochs):
        running_loss = 0.0
        for inputs, labels in train_loader:
            inputs, labels = inputs.to(device), labels.to(device)
            optimizer.zero_grad()
            outputs = model(inputs)
            loss = criterion(outputs, labels)
            loss.backward()
            optimizer.step()
            running_loss += loss.item()
        print(f"Epoch {epoch+1}/{epochs}, Loss: {running_loss / len(train_loader)}")


def test(model, test_loader, device):
    model.to(device)
    model.eval()
    correct = total = 0
    with torch.no_grad():
        for inputs, labels in test_loader:
            outputs = model(inputs)
            _, predicted = torch.max(outputs.data, 1)
            total += labels.size(0)
            correct += (predicted == labels).sum().item()
    accuracy = 100 * correct / total
    print(f"Test Accuracy: {accuracy:.2f}%")
    return accuracy


def train_kd(teacher, student, loader, epochs, lr, T, soft_weight, ce_weight):
    ce_loss = nn.CrossEntropyLoss()
    optimizer = optim.Adam(student.parameters(), lr=lr)
    teacher.eval()
    student.train()
    for epoch in range(epochs):
        running = 0.0
        for inputs, labels in loader:
            optimizer.zero_grad()
            with torch.no_grad():
                teacher_logits = teacher(inputs)
            student_logits = student(inputs)
            soft_targets = nn.functional.softmax(teacher_logits / T, dim=-1)
            soft_prob = nn.functional.log_softmax(student_logits / T, dim=-1)
            soft_targets_loss = torch.sum(soft_targets * (soft_targets.log() - soft_prob)) / soft_prob.size()[0] * (T**2)
            label_loss = ce_loss(student_logits, labels)
            loss = soft_weight * soft_targets_loss + ce_weight * label_loss
            loss.backward()
            optimizer.step()
            running += loss.item()
        print(f"KD epoch {epoch+1}: {running / len(loader):.4f}")


nn_deep = DeepNN(num_classes=3).to(device)
train(nn_deep, train_loader, epochs=3, learning_rate=0.01, device=device)
deep_accuracy = test(nn_deep, test_loader, device)
torch.manual_seed(1)
light = LightNN().to(device)
total_params_deep = "{:,}".format(sum(p.numel() for p in nn_deep.parameters()))
print(f"DeepNN parameters: {total_params_deep}")
print("Norm of 1st layer:", torch.norm(light.features[0].weight).item())
train_kd(nn_deep, light, train_loader, 3, 0.01, T=2, soft_weight=0.25, ce_weight=0.75)
test(light, test_loader, device)

# cosine loss between hidden layers
cos = nn.CosineEmbeddingLoss()
h1 = nn_deep.classifier[0](nn_deep.features(x[:6])).detach()
proj = nn.Linear(8, 16)
h2 = proj(light.features(x[:6]))
loss = cos(h2, h1, target=torch.ones(h2.size(0)).to(device))
loss.backward()
print(loss.item(), proj.bias.grad.abs().sum())
kl = nn.KLDivLoss(reduction="batchmean")(F.log_softmax(light(x[:5]), 1), F.softmax(nn_deep(x[:5]), 1))
print(kl)
