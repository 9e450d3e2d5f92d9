import random

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(3)
random.seed(3)
SOS, EOS, PAD = 0, 1, 2
VOCAB = 8


class Encoder(nn.Module):
    def __init__(self, vocab, hid):
        super().__init__()
        self.embedding = nn.Embedding(vocab, hid, padding_idx=PAD)
        self.gru = nn.GRU(hid, hid, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * hid, hid)

    def forward(self, src):
        out, h = self.gru(self.embedding(src))
        h = torch.tanh(self.fc(torch.cat((h[-2], h[-1]), dim=1)))
        return out, h


class Attention(nn.Module):
    def __init__(self, hid):
        super().__init__()
        self.attn = nn.Linear(3 * hid, hid)
        self.v = nn.Linear(hid, 1, bias=False)

    def forward(self, h, enc):
        n = enc.shape[1]
        h = h.unsqueeze(1).repeat(1, n, 1)
        energy = torch.tanh(self.attn(torch.cat((h, enc), dim=2)))
        return F.softmax(self.v(energy).squeeze(2), dim=1)


class Decoder(nn.Module):
    def __init__(self, vocab, hid):
        super().__init__()
        self.embedding = nn.Embedding(vocab, hid)
        self.attention = Attention(hid)
        self.cell = nn.GRUCell(3 * hid, hid)
        self.out = nn.Linear(4 * hid, vocab)

    def forward(self, token, h, enc):
        emb = self.embedding(token)
        a = self.attention(h, enc)
        ctx = torch.bmm(a.unsqueeze(1), enc).squeeze(1)
        h = self.cell(torch.cat((emb, ctx), dim=1), h)
        return self.out(torch.cat((h, ctx, emb), dim=1)), h, a


def batch(n, length=4):
    src = torch.tensor([[random.randint(3, VOCAB - 1) for _ in range(length)] for _ in range(n)])
    return src, torch.flip(src, dims=[1])


enc, dec = Encoder(VOCAB, 6), Decoder(VOCAB, 6)
params = list(enc.parameters()) + list(dec.parameters())
optimizer = torch.optim.RMSprop(params, lr=0.01)
print(f"The model has {sum(p.numel() for p in params):,} parameters")
for step in range(3):
    src, trg = batch(4)
    out, h = enc(src)
    token = torch.full((4,), SOS, dtype=torch.long)
    loss = 0
    for t in range(trg.shape[1]):
        logits, h, a = dec(token, h, out)
        loss += F.cross_entropy(logits, trg[:, t], ignore_index=PAD)
        teacher = random.random() < 0.5
        token = trg[:, t] if teacher else logits.argmax(1)
    optimizer.zero_grad()
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(params, 1.0)
    optimizer.step()
    print(f"step {step}: loss {loss.item() / trg.shape[1]:.4f}, grad norm {norm:.4f}")
print(a.sum(dim=1))
