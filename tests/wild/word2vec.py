"""Skip-gram with negative sampling: the gradients by hand (NumPy) and by autograd, and they agree."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from collections import Counter, defaultdict

corpus = """the king loves the queen the queen loves the king the man walks the dog
the woman walks the dog the dog loves the man""".split()
counts = Counter(corpus)
vocab = [w for w, c in counts.most_common()]
word2ind = {w: i for i, w in enumerate(vocab)}
print(len(vocab), counts.most_common(3))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def neg_sampling_loss_and_gradient(v_c, outside_idx, U, neg_idx):
    idx = [outside_idx] + neg_idx
    u_o, u_k = U[outside_idx], U[neg_idx]
    loss = -np.log(sigmoid(u_o @ v_c)) - np.sum(np.log(sigmoid(-u_k @ v_c)))
    grad_vc = (sigmoid(u_o @ v_c) - 1) * u_o + (1 - sigmoid(-u_k @ v_c)) @ u_k
    grad_U = np.zeros_like(U)
    grad_U[outside_idx] += (sigmoid(u_o @ v_c) - 1) * v_c
    for k in neg_idx:
        grad_U[k] += (1 - sigmoid(-U[k] @ v_c)) * v_c
    return loss, grad_vc, grad_U


np.random.seed(9265)
V, U = np.random.randn(len(vocab), 4), np.random.randn(len(vocab), 4)
loss, g_v, g_U = neg_sampling_loss_and_gradient(V[1], 2, U, [3, 4, 3])
tv, tU = torch.tensor(V[1], requires_grad=True), torch.tensor(U, requires_grad=True)
tl = -F.logsigmoid(tU[2] @ tv) - F.logsigmoid(-tU[[3, 4, 3]] @ tv).sum()
tl.backward()
print(f"{loss:.6f} {tl.item():.6f}", np.allclose(g_v, tv.grad.numpy()), np.allclose(g_U, tU.grad.numpy()))

pairs = [(word2ind[corpus[i]], word2ind[corpus[j]])
         for i in range(len(corpus)) for j in range(max(0, i - 2), min(len(corpus), i + 3)) if i != j]
data = torch.tensor(pairs)
freq = torch.tensor([counts[w] for w in vocab], dtype=torch.float) ** 0.75
freq = freq / freq.sum()


class SkipGram(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.center = nn.Embedding(vocab_size, dim)
        self.outside = nn.Embedding(vocab_size, dim)
        self.outside.weight.data.uniform_(-0.5 / dim, 0.5 / dim)

    def forward(self, c, o, neg):
        v, u, n = self.center(c), self.outside(o), self.outside(neg)
        pos = F.logsigmoid((v * u).sum(-1))
        negs = F.logsigmoid(-torch.bmm(n, v.unsqueeze(2)).squeeze(2)).sum(-1)
        return -(pos + negs).mean()


torch.manual_seed(0)
model = SkipGram(len(vocab), 4)
opt = torch.optim.Adagrad(model.parameters(), lr=0.5)
for epoch in range(3):
    perm = torch.randperm(len(data))
    total = 0.0
    for k in range(0, len(data), 32):
        batch = data[perm[k:k + 32]]
        negs = torch.multinomial(freq, len(batch) * 3, replacement=True).view(len(batch), 3)
        loss = model(batch[:, 0], batch[:, 1], negs)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(batch)
    print(f"epoch {epoch}: {total / len(data):.4f}")
emb = F.normalize(model.center.weight.detach(), dim=1)
sim = emb @ emb.T
for w in ("king", "dog"):
    best = sim[word2ind[w]].argsort(descending=True)[1:3]
    print(w, [vocab[i] for i in best])
