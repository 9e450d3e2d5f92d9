import torch
import torch.nn as nn
import torch.nn.functional as F

text = "hello world hello deep learning"
chars = sorted(set(text))
char_to_idx = {ch: i for i, ch in enumerate(chars)}
idx_to_char = {i: ch for i, ch in enumerate(chars)}
vocab = len(chars)
encoded = [char_to_idx[c] for c in text]


class CharRNN(nn.Module):
    def __init__(self, vocab_size, hidden_size, n_layers=1):
        super().__init__()
        self.hidden_size = hidden_size
        self.n_layers = n_layers
        self.embed = nn.Embedding(vocab_size, 8)
        self.rnn = nn.GRU(8, hidden_size, n_layers, batch_first=True)
        self.fc = nn.Linear(hidden_size, vocab_size)

    def forward(self, x, hidden=None):
        out, hidden = self.rnn(self.embed(x), hidden)
        return self.fc(out.reshape(-1, self.hidden_size)), hidden

    def init_hidden(self, batch_size):
        weight = next(self.parameters()).data
        return weight.new_zeros(self.n_layers, batch_size, self.hidden_size)


torch.manual_seed(7)
model = CharRNN(vocab, 12)
print(model)
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
seq_length = 6
for epoch in range(3):
    hidden = model.init_hidden(1)
    total = 0.0
    for start in range(0, len(encoded) - seq_length - 1, seq_length):
        x = torch.tensor(encoded[start:start + seq_length]).unsqueeze(0)
        y = torch.tensor(encoded[start + 1:start + seq_length + 1])
        hidden = hidden.detach()
        optimizer.zero_grad()
        logits, hidden = model(x, hidden)
        loss = F.cross_entropy(logits, y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5)
        optimizer.step()
        total += loss.item() * seq_length
    print(f"epoch {epoch + 1:2d}  loss {total / len(encoded):.4f}")


@torch.no_grad()
def sample(model, prime="he", size=10, top_k=3):
    model.eval()
    out, hidden = list(prime), model.init_hidden(1)
    for ch in prime:
        logits, hidden = model(torch.tensor([[char_to_idx[ch]]]), hidden)
    while len(out) < size:
        p, top = F.softmax(logits, dim=1).topk(top_k)
        out.append(idx_to_char[top[0, p.argmax()].item()])
        logits, hidden = model(torch.tensor([[char_to_idx[out[-1]]]]), hidden)
    return ''.join(out)


print(repr(sample(model)))
