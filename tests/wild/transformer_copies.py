"""A transformer of PyTorch's layers says digits again: encoder, decoder, masks, greedy search."""
import math

import torch
from torch import Tensor, nn

DIGITS, START, LENGTH, WIDTH = 6, 6, 4, 8


class Positions(nn.Module):
    def __init__(self, width: int, dropout: float = 0.1, longest: int = 16):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        place = torch.arange(longest).unsqueeze(1)
        speed = torch.exp(torch.arange(0, width, 2) * (-math.log(1000.0) / width))
        table = torch.zeros(longest, width)
        table[:, 0::2] = torch.sin(place * speed)
        table[:, 1::2] = torch.cos(place * speed)
        self.register_buffer("table", table)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(x + self.table[: x.size(1)])


class Copier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(DIGITS + 1, WIDTH)
        self.positions = Positions(WIDTH)
        self.transformer = nn.Transformer(
            d_model=WIDTH, nhead=2, num_encoder_layers=1, num_decoder_layers=1,
            dim_feedforward=16, dropout=0.1, batch_first=True, norm_first=True,
        )
        self.out = nn.Linear(WIDTH, DIGITS)

    def look(self, tokens):
        return self.positions(self.embed(tokens) * math.sqrt(WIDTH))

    def forward(self, source, target):
        later = nn.Transformer.generate_square_subsequent_mask(target.size(1))
        made = self.transformer(self.look(source), self.look(target), tgt_mask=later)
        return self.out(made)


torch.manual_seed(11)
model = Copier()
print(sum(p.numel() for p in model.parameters()), "parameters")
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
for step in range(4):
    source = torch.randint(0, DIGITS, (5, LENGTH))
    start = torch.full((5, 1), START)
    target = torch.cat([start, source[:, :-1]], dim=1)
    scores = model(source, target)
    loss = criterion(scores.reshape(-1, DIGITS), source.reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.4f}")

model.eval()
with torch.no_grad():
    source = torch.tensor([[3, 1, 4, 1]])
    said = torch.tensor([[START]])
    for _ in range(LENGTH):
        following = model(source, said)[:, -1].argmax(dim=-1, keepdim=True)
        said = torch.cat([said, following], dim=1)
    print(said[0, 1:].tolist())
