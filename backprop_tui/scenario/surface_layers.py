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
LazyLinear(out_features, bias=True) -- a Linear whose in_features its first input says
LazyConv1d(out_channels, kernel_size, stride=1, padding=0) -- the same of a Conv1d
LazyConv2d(out_channels, kernel_size, stride=1, padding=0) -- the same of a Conv2d
LazyBatchNorm1d(eps=1e-05, momentum=0.1) -- the same of a BatchNorm1d
LazyBatchNorm2d(eps=1e-05, momentum=0.1) -- the same of a BatchNorm2d
Bilinear(in1_features, in2_features, out_features, bias=True) -- x1ᵀ W x2 + b
Dropout1d(p=0.5) -- while training, each channel of a row is dropped with this probability
Dropout2d(p=0.5) -- while training, each channel of an image is dropped with this probability
Dropout3d(p=0.5) -- while training, each channel of a volume is dropped with this probability
AlphaDropout(p=0.5) -- dropout that keeps mean and variance of what SELU made
FeatureAlphaDropout(p=0.5) -- the same for whole channels
BatchNorm3d(num_features, eps=1e-05, momentum=0.1) -- the same as BatchNorm2d for volumes
InstanceNorm1d(num_features, eps=1e-05) -- each channel of each row to mean 0, variance 1
InstanceNorm2d(num_features, eps=1e-05) -- each channel of each image to mean 0, variance 1
RMSNorm(normalized_shape, eps=None) -- divided by the root of the mean square
CosineSimilarity(dim=1, eps=1e-08) -- the cosine of the angle between two vectors
PairwiseDistance(p=2.0, eps=1e-06, keepdim=False) -- the distance between two vectors
Unfold(kernel_size, dilation=1, padding=0, stride=1) -- a column for each window of an image
Fold(output_size, kernel_size, dilation=1, padding=0, stride=1) -- … and back, added up
Unflatten(dim, unflattened_size) -- one dimension made several
PixelShuffle(upscale_factor) -- channels as finer pixels
PixelUnshuffle(downscale_factor) -- pixels as channels
ChannelShuffle(groups) -- channels of several groups in turn
Softmax2d() -- a softmax over the channels of every pixel
UpsamplingNearest2d(size=None, scale_factor=None) -- a larger image, by nearest neighbours
UpsamplingBilinear2d(size=None, scale_factor=None) -- a larger image, by straight lines
ZeroPad1d(padding) -- a row with zeros on both sides
ZeroPad2d(padding) -- an image with zeros around it
ZeroPad3d(padding) -- a volume with zeros around it
ConstantPad1d(padding, value) -- a row with a constant on both sides
ConstantPad2d(padding, value) -- an image with a constant around it
ConstantPad3d(padding, value) -- a volume with a constant around it
ReflectionPad1d(padding) -- a row mirrored at both ends
ReflectionPad2d(padding) -- an image mirrored at its edges
ReplicationPad1d(padding) -- a row whose ends are repeated
ReplicationPad2d(padding) -- an image whose edges are repeated
"""

FUNCTIONAL = """
scaled_dot_product_attention(query, key, value, attn_mask=None, is_causal=False) -- weighted means
multi_head_attention_forward(query, key, value, embed_dim_to_check, num_heads) -- several heads
bilinear(input1, input2, weight, bias=None) -- x1ᵀ W x2 + b
dropout1d(input, p=0.5, training=True) -- each channel of a row is dropped
dropout2d(input, p=0.5, training=True) -- each channel of an image is dropped
dropout3d(input, p=0.5, training=True) -- each channel of a volume is dropped
alpha_dropout(input, p=0.5, training=False) -- dropout for what selu made
feature_alpha_dropout(input, p=0.5, training=False) -- the same for whole channels
instance_norm(input, weight=None, bias=None, eps=1e-05) -- each channel of each sample
rms_norm(input, normalized_shape, weight=None, eps=None) -- by the root of the mean square
cosine_similarity(x1, x2, dim=1, eps=1e-08) -- the cosine of the angle between two vectors
unfold(input, kernel_size, dilation=1, padding=0, stride=1) -- a column for each window
fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1) -- … and back, added up
pixel_shuffle(input, upscale_factor) -- channels as finer pixels
pixel_unshuffle(input, downscale_factor) -- pixels as channels
channel_shuffle(input, groups) -- channels of several groups in turn
gumbel_softmax(logits, tau=1, hard=False, dim=-1) -- a softmax with random numbers added
"""

MODULE = """
in_proj_weight -- the weights of queries, keys and values, one below the other
in_proj_bias -- their biases
embed_dim -- how many numbers a position has
num_heads -- how many heads attend
head_dim -- how many numbers a head sees
out_proj -- the Linear in which the heads come together
self_attn -- the attention of a transformer's layer to itself
multihead_attn -- the attention of a decoder's layer to what the encoder made
linear1 -- the first Linear of a transformer's layer
linear2 -- the second
norm1 -- the first norm of a transformer's layer
norm2 -- the second
norm3 -- the third, of a decoder
layers -- the layers of a transformer's encoder or decoder
encoder -- the encoder of a Transformer
decoder -- its decoder
num_layers -- how many layers lie on each other
flatten_parameters() -- the weights of a recurrent net side by side; only for GPUs
bidirectional -- whether a recurrent net also reads from the end
generate_square_subsequent_mask(sz) -- −∞ where a position would look at a later one
"""

#: Static methods: (the class's dotted name, the method's name).
STATIC = frozenset({("torch.nn.Transformer", "generate_square_subsequent_mask")})
