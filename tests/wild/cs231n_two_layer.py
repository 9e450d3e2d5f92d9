"""CS231n: the linear classifier and the two-layer net on a spiral, in NumPy and then in PyTorch."""
import numpy as np
import matplotlib.pyplot as plt
import torch

np.random.seed(0)
N = 10  # number of points per class
D = 2  # dimensionality
K = 3  # number of classes
X = np.zeros((N*K, D))
y = np.zeros(N*K, dtype='uint8')
for j in range(K):
    ix = range(N*j, N*(j+1))
    r = np.linspace(0.0, 1, N)
    t = np.linspace(j*4, (j+1)*4, N) + np.random.randn(N)*0.2
    X[ix] = np.c_[r*np.sin(t), r*np.cos(t)]
    y[ix] = j
plt.scatter(X[:, 0], X[:, 1], c=y, s=40, cmap=plt.cm.Spectral)
plt.show()

W = 0.01 * np.random.randn(D, K)
b = np.zeros((1, K))
step_size = 1e-0
reg = 1e-3
num_examples = X.shape[0]
for i in range(6):
    scores = np.dot(X, W) + b
    exp_scores = np.exp(scores)
    probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
    correct_logprobs = -np.log(probs[range(num_examples), y])
    data_loss = np.sum(correct_logprobs)/num_examples
    reg_loss = 0.5*reg*np.sum(W*W)
    loss = data_loss + reg_loss
    if i % 2 == 0:
        print("iteration %d: loss %f" % (i, loss))
    dscores = probs
    dscores[range(num_examples), y] -= 1
    dscores /= num_examples
    dW = np.dot(X.T, dscores)
    db = np.sum(dscores, axis=0, keepdims=True)
    dW += reg*W
    W += -step_size * dW
    b += -step_size * db
scores = np.dot(X, W) + b
predicted_class = np.argmax(scores, axis=1)
print('training accuracy: %.2f' % (np.mean(predicted_class == y)))

h = 5
W = 0.01 * np.random.randn(D, h)
b = np.zeros((1, h))
W2 = 0.01 * np.random.randn(h, K)
b2 = np.zeros((1, K))
for i in range(4):
    hidden_layer = np.maximum(0, np.dot(X, W) + b)
    scores = np.dot(hidden_layer, W2) + b2
    scores -= np.max(scores, axis=1, keepdims=True)
    probs = np.exp(scores) / np.sum(np.exp(scores), axis=1, keepdims=True)
    dscores = probs.copy()
    dscores[np.arange(num_examples), y] -= 1
    dscores /= num_examples
    dW2 = hidden_layer.T.dot(dscores)
    dhidden = np.dot(dscores, W2.T)
    dhidden[hidden_layer <= 0] = 0
    dW = X.T.dot(dhidden)
    W += -step_size * dW
    W2 += -step_size * dW2
print(W2.shape, np.linalg.norm(W2).round(4), float(np.abs(W).max()))

Xt = torch.tensor(X, dtype=torch.float32)
yt = torch.from_numpy(y).long()
model = torch.nn.Sequential(torch.nn.Linear(D, h), torch.nn.ReLU(), torch.nn.Linear(h, K))
with torch.no_grad():
    model[0].weight.copy_(torch.from_numpy(W.T).float())
    model[2].weight.copy_(torch.tensor(W2.T, dtype=torch.float32))
    for layer in (model[0], model[2]):
        layer.bias.zero_()
opt = torch.optim.SGD(model.parameters(), lr=1.0, weight_decay=1e-3)
for i in range(4):
    loss = torch.nn.functional.cross_entropy(model(Xt), yt)
    opt.zero_grad(); loss.backward(); opt.step()
    print('iteration {}: loss {:.5f}'.format(i, loss.item()))
print((model(Xt).argmax(dim=1).numpy() == y).mean())
x_flat = np.random.rand(2, 3, 4).reshape(2, -1)
print(x_flat.shape, np.vstack([x_flat, x_flat]).shape, np.hstack((x_flat, x_flat)).shape)
print(np.concatenate([np.arange(3), np.ones(2)]), np.eye(2), np.where(X[:3] > 0.05, 1, 0))
