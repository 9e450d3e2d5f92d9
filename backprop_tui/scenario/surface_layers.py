"""The rows of the surface for sequences and the rarer layers of ``torch.nn``; see surface.py."""

from __future__ import annotations

NN = """
LSTM(input_size, hidden_size, num_layers=1, batch_first=False) -- LSTM cells over a sequence
MultiheadAttention(embed_dim, num_heads, dropout=0.0, batch_first=False) -- several heads at once
TransformerEncoderLayer(d_model, nhead, dim_feedforward=2048, dropout=0.1) -- attention, then an MLP
TransformerEncoder(encoder_layer, num_layers, norm=None) -- copies of a layer, one after the other
TransformerDecoderLayer(d_model, nhead, dim_feedforward=2048, dropout=0.1) -- attends twice
TransformerDecoder(decoder_layer, num_layers, norm=None) -- copies of a layer, one after the other
Transformer(d_model=512, nhead=8, num_encoder_layers=6, num_decoder_layers=6) -- encoder and decoder
"""

FUNCTIONAL = """
scaled_dot_product_attention(query, key, value, attn_mask=None, is_causal=False) -- weighted means
multi_head_attention_forward(query, key, value, embed_dim_to_check, num_heads) -- several heads
"""

MODULE = """
in_proj_weight -- the weights of queries, keys and values, one below the other
in_proj_bias -- their biases
embed_dim -- how many numbers a position has
num_heads -- how many heads attend
head_dim -- how many numbers a head sees
num_layers -- how many layers lie on each other
bidirectional -- whether a recurrent net also reads from the end
generate_square_subsequent_mask(sz) -- −∞ where a position would look at a later one
"""

#: Static methods: (the class's dotted name, the method's name).
STATIC = frozenset({("torch.nn.Transformer", "generate_square_subsequent_mask")})
