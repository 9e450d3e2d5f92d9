import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):

    def __init__(self):
        super(Net, self).__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 6, 3)
        self.pool = nn.MaxPool2d(2, 2)
        self.dropout = nn.Dropout(0.25)
        self.fc1 = nn.Linear(6 * 2 * 2, 16)
        self.fc2 = nn.Linear(16, 3)

    def forward(self, x):
        x = self.pool(F.relu(self.bn1(self.conv1(x))))
        x = self.pool(F.relu(F.pad(self.conv2(x), (1, 1, 1, 1), mode="replicate")))
        x = torch.flatten(x, 1)
        x = self.dropout(F.hardswish(self.fc1(x)))
        return F.log_softmax(self.fc2(x), dim=1)


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find('Conv') != -1:
        nn.init.kaiming_normal_(m.weight, nonlinearity='relu')
    elif classname.find('BatchNorm') != -1:
        nn.init.normal_(m.weight, 1.0, 0.02)
        nn.init.constant_(m.bias, 0)


torch.manual_seed(0)
x = torch.randn(24, 1, 8, 8)
y = torch.randint(0, 3, (24,))
train_loader = DataLoader(TensorDataset(x, y), batch_size=8, shuffle=True)
net = Net()
net.apply(weights_init)
print(net)
criterion = nn.NLLLoss()
optimizer = optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
for epoch in range(2):  # loop over the dataset multiple times
    running_loss = 0.0
    for i, data in enumerate(train_loader, 0):
        inputs, labels = data
        optimizer.zero_grad()
        outputs = net(inputs)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    print('[%d, %5d] loss: %.3f' % (epoch + 1, i + 1, running_loss / len(train_loader)))
print('Finished Training')
net.eval()
classes = ('plane', 'car', 'bird')
with torch.no_grad():
    _, predicted = torch.max(net(x[:4]), 1)
print('Predicted: ', ' '.join('%5s' % classes[predicted[j]] for j in range(4)))
per_class = {c: 0 for c in classes}
for label in y:
    per_class[classes[label]] += 1
print(per_class)
