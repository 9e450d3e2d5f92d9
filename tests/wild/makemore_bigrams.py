import torch
import torch.nn.functional as F

words = ["emma", "olivia", "ava", "isabella", "sophia"]
b = {}
for w in words:
    chs = ['<S>'] + list(w) + ['<E>']
    for ch1, ch2 in zip(chs, chs[1:]):
        bigram = (ch1, ch2)
        b[bigram] = b.get(bigram, 0) + 1
print(sorted(b.items(), key=lambda kv: (-kv[1], kv[0]))[:5])

chars = ['.'] + sorted(set(''.join(words)))
stoi = {s: i for i, s in enumerate(chars)}
N = torch.zeros((len(chars), len(chars)), dtype=torch.int32)
for w in words:
    chs = ['.'] + list(w) + ['.']
    for ch1, ch2 in zip(chs, chs[1:]):
        N[stoi[ch1], stoi[ch2]] += 1
print(N[0])
P = (N + 1).float()
P /= P.sum(1, keepdims=True)
print(P[0].sum(), P.shape)
g = torch.Generator().manual_seed(2147483647)
for i in range(3):
    out = []
    ix = 0
    while True:
        p = P[ix]
        ix = torch.multinomial(p, num_samples=1, replacement=True, generator=g).item()
        out.append(chars[ix])
        if ix == 0:
            break
    print(''.join(out))
log_likelihood, n = 0.0, 0
for w in words:
    for ch1, ch2 in zip('.' + w, w + '.'):
        log_likelihood += torch.log(P[stoi[ch1], stoi[ch2]])
        n += 1
print(f'{log_likelihood=}')
print(f'{-log_likelihood / n:.4f}')

xs = torch.tensor([stoi[c] for w in words for c in '.' + w])
ys = torch.tensor([stoi[c] for w in words for c in w + '.'])
g = torch.Generator().manual_seed(2147483647)
W = torch.randn((len(chars), len(chars)), generator=g, requires_grad=True)
for k in range(10):
    xenc = F.one_hot(xs, num_classes=len(chars)).float()
    logits = xenc @ W
    counts = logits.exp()
    probs = counts / counts.sum(1, keepdims=True)
    loss = -probs[torch.arange(xs.nelement()), ys].log().mean() + 0.01*(W**2).mean()
    W.grad = None
    loss.backward()
    W.data += -10 * W.grad
print(loss.item())
