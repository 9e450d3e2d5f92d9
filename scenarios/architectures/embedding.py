# /// scenario
# title = "An embedding: rows picked by index"
# chapter = "architectures"
# level = 1
# order = 4
# watch = ["table", "words", "vectors", "loss"]
# ///
"""A network cannot compute with the word "cat", so each word gets a number, and each number a row
of a table that is learned. Look at table.grad: rows that no word asked for have gradient 0, and a
row that was asked for twice gets the sum of both."""
import torch
import torch.nn as nn
import torch.nn.functional as F

# Five words, three numbers for each. New rows are random; here they are set, to be compared.
embedding = nn.Embedding(5, 3)
embedding.weight.data = torch.arange(15.0).view(5, 3)
table = embedding.weight

# "the cat sees the dog": word 0 twice, word 4 not at all. Word 3 is not "larger" than word 1.
words = torch.tensor([0, 1, 2, 0, 3])

# Nothing is multiplied: five rows are copied out of the table. An index of 5 would be an error.
vectors = embedding(words)
print("vectors:", vectors)

# The gradient of each copy goes back to its row.
loss = vectors.sum()
loss.backward()
print("gradient:", table.grad)

# The same as a product of one-hot rows with the table, only that almost all factors are 0.
one_hot = F.one_hot(words, num_classes=5).float()
print("same:", torch.equal(one_hot @ table, vectors))

# A step of SGD moves the rows that were used. Rare words therefore learn slowly; and weight decay
# would pull at every row, used or not.
torch.optim.SGD(embedding.parameters(), lr=0.1).step()
print("after a step:", table.data)
