"""Every letter of a word is called a vowel or a consonant by a network that reads both ways."""
import random

import torch
import torch.nn as nn
import torch.nn.functional as F

random.seed(3)
torch.manual_seed(3)

WORDS = ["gradient", "tensor", "attention", "recurrent", "memory", "gate"]
letters = sorted(set("".join(WORDS)))
index = {letter: number for number, letter in enumerate(letters)}


def encode(word):
    return torch.tensor([index[letter] for letter in word])


def tags(word):
    return torch.tensor([1 if letter in "aeiouy" else 0 for letter in word], dtype=torch.long)


class Tagger(nn.Module):
    def __init__(self, vocabulary, embedding=5, hidden=4):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, embedding)
        self.lstm = nn.LSTM(embedding, hidden, bidirectional=True)
        self.score = nn.Linear(2 * hidden, 2)
        for name, weight in self.lstm.named_parameters():
            if "bias" in name:
                nn.init.zeros_(weight)
                # the forget gate begins open
                weight.data[hidden:2 * hidden].fill_(1.0)
            else:
                nn.init.xavier_uniform_(weight)

    def forward(self, word):
        self.lstm.flatten_parameters()
        x = self.embed(word).view(len(word), 1, -1)
        states, (h, c) = self.lstm(x)
        return F.log_softmax(self.score(states.view(len(word), -1)), dim=1)


model = Tagger(len(letters))
print(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.5)
for epoch in range(4):
    random.shuffle(WORDS)
    total, right = 0.0, 0
    for word in WORDS:
        scores = model(encode(word))
        loss = F.nll_loss(scores, tags(word))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item()
        right += (scores.argmax(1) == tags(word)).sum().item()
    print(f"epoch {epoch}: loss {total / len(WORDS):.3f}, right {right}/{sum(map(len, WORDS))}")

model.eval()
with torch.no_grad():
    for word in ("tango", "rune"):
        found = model(encode(word)).argmax(1).tolist()
        print(word, "".join("V" if tag else "c" for tag in found))
