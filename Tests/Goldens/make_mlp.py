"""Small models around each remaining layer: loss and gradients by JAX, checked against PyTorch."""
import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F

from goldens import DOUBLE, FLOAT, assert_close, assert_within, in_single, normal, tensor, write

jax.config.update("jax_enable_x64", True)
EPSILON = 1e-5
rng = np.random.default_rng(20)


def cross_entropy(logits, labels):
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1).mean()


def normalised(x, axes):
    mean = x.mean(axes, keepdims=True)
    return (x - mean) / jnp.sqrt(((x - mean) ** 2).mean(axes, keepdims=True) + EPSILON)


def group_norm(x, groups, scale, offset):
    n, h, w, c = x.shape
    return normalised(x.reshape(n, h, w, groups, c // groups), (1, 2, 4)).reshape(x.shape) * scale + offset


def case(name, about, loss, torch_loss, names, params, inputs, labels, differentiable=True):
    """`loss(params, inputs)` in JAX; `torch_loss` takes the same layouts and transposes for itself."""
    labels = np.asarray(labels)
    value, gradient = jax.value_and_grad(lambda p: loss(p, inputs, labels))(params)
    leaves = [torch.tensor(p).requires_grad_() for p in params]
    x = torch.tensor(inputs).requires_grad_(differentiable)
    t_value = torch_loss(leaves, x, torch.tensor(labels))
    t_value.backward()
    assert_close(t_value.item(), value)
    for leaf, g in zip(leaves, gradient):
        assert_close(leaf.grad.numpy(), g)
        assert np.abs(np.asarray(g)).max() > 1e-4
    x32 = in_single([inputs])[0] if differentiable else inputs
    s_value, s_gradient = jax.value_and_grad(lambda p: loss(p, x32, labels))(in_single(params))
    for actual, expected in zip([s_value, *s_gradient], [value, *gradient]):
        assert actual.dtype == np.float32
        assert_within(actual, expected, FLOAT)
    entry = {
        "name": name, "about": about, "input": tensor(inputs), "labels": labels.tolist(),
        "parameters": [{"name": n, "value": tensor(p), "gradient": tensor(g)}
                       for n, p, g in zip(names, params, gradient)],
        "loss": float(value),
    }
    if differentiable:
        input_gradient = jax.grad(lambda x: loss(params, x, labels))(inputs)
        assert_close(x.grad.numpy(), input_gradient)
        entry["inputGradient"] = tensor(input_gradient)
    return entry


def dense(*sizes):
    return [a for i, o in zip(sizes, sizes[1:]) for a in (normal(rng, (i, o), i**-0.5), normal(rng, (o,), 0.2))]


# (a) activations
def mlp(p, x, y):
    h = jnp.tanh(x @ p[0] + p[1])
    h = jax.nn.gelu(h @ p[2] + p[3], approximate=False)
    return cross_entropy(h @ p[4] + p[5], y)


def torch_mlp(p, x, y):
    return F.cross_entropy(F.gelu(torch.tanh(x @ p[0] + p[1]) @ p[2] + p[3]) @ p[4] + p[5], y)


def sigmoid_mlp(p, x, y):
    return cross_entropy(jax.nn.sigmoid(x @ p[0] + p[1]) @ p[2] + p[3], y)


def torch_sigmoid_mlp(p, x, y):
    return F.cross_entropy(torch.sigmoid(x @ p[0] + p[1]) @ p[2] + p[3], y)


# (b) layer normalisation over the last axis, before the activation
def layer_norm_mlp(p, x, y):
    h = jnp.tanh(normalised(x @ p[0] + p[1], (-1,)) * p[2] + p[3])
    return cross_entropy(h @ p[4] + p[5], y)


def torch_layer_norm_mlp(p, x, y):
    h = torch.tanh(F.layer_norm(x @ p[0] + p[1], (6,), p[2], p[3], EPSILON))
    return F.cross_entropy(h @ p[4] + p[5], y)


# (c) group normalisation and average pooling on images
def group_norm_cnn(p, x, y):
    h = jax.lax.conv_general_dilated(x, p[0], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")) + p[1]
    h = jnp.tanh(group_norm(h, 2, p[2], p[3]))
    n, height, width, c = h.shape
    h = h.reshape(n, height // 2, 2, width // 2, 2, c).mean((2, 4))
    return cross_entropy(h.reshape(n, -1) @ p[4] + p[5], y)


def torch_group_norm_cnn(p, x, y):
    h = F.conv2d(x.permute(0, 3, 1, 2), p[0].permute(3, 2, 0, 1), p[1], padding=1)
    h = F.avg_pool2d(torch.tanh(F.group_norm(h, 2, p[2], p[3], EPSILON)), 2)
    return F.cross_entropy(h.permute(0, 2, 3, 1).flatten(1) @ p[4] + p[5], y)


# (d) embedding: tokens that repeat within a row and across rows accumulate
def embedding(p, tokens, y):
    return cross_entropy(p[0][tokens].mean(1) @ p[1] + p[2], y)


def torch_embedding(p, tokens, y):
    return F.cross_entropy(F.embedding(tokens, p[0]).mean(1) @ p[1] + p[2], y)


first, norm_layers, conv_dense = dense(4, 6, 5, 3), dense(4, 6, 3), dense(16, 3)
affine = lambda n: [1 + normal(rng, (n,), 0.3), normal(rng, (n,), 0.3)]
labels = [0, 2, 1, 2, 0]
tokens = np.array([[1, 3, 3, 10], [0, 5, 3, 2], [7, 7, 7, 7]])

cases = [
    case("tanh-gelu", "4 -> 6 tanh -> 5 GELU (exact, by erf) -> 3, softmax cross-entropy", mlp, torch_mlp,
         ["dense1.weight", "dense1.bias", "dense2.weight", "dense2.bias", "dense3.weight", "dense3.bias"],
         first, normal(rng, (5, 4)), labels),
    case("sigmoid", "4 -> 6 sigmoid -> 3, softmax cross-entropy", sigmoid_mlp, torch_sigmoid_mlp,
         ["dense1.weight", "dense1.bias", "dense2.weight", "dense2.bias"],
         dense(4, 6, 3), normal(rng, (5, 4)), labels),
    case("layer-norm", "4 -> 6, LayerNorm over the last axis (epsilon 1e-5, biased variance, scale, offset), tanh "
         "-> 3, softmax cross-entropy", layer_norm_mlp, torch_layer_norm_mlp,
         ["dense1.weight", "dense1.bias", "norm.scale", "norm.offset", "dense2.weight", "dense2.bias"],
         norm_layers[:2] + affine(6) + norm_layers[2:], normal(rng, (5, 4)), labels),
    case("group-norm", "[2,4,4,2] NHWC; conv 3x3 same 4, GroupNorm (2 groups of neighbouring channels, epsilon 1e-5, "
         "biased variance over the group's channels and all positions, scale and offset a channel), tanh, average "
         "pool 2, flatten in NHWC order -> 3, softmax cross-entropy", group_norm_cnn, torch_group_norm_cnn,
         ["conv.filter", "conv.bias", "norm.scale", "norm.offset", "dense.weight", "dense.bias"],
         [normal(rng, (3, 3, 2, 4), 0.3), normal(rng, (4,), 0.2)] + affine(4) + conv_dense,
         normal(rng, (2, 4, 4, 2)), [2, 0]),
    case("embedding", "tokens [3,4] -> Embedding(11, 4), mean over the tokens of a row -> 3, softmax cross-entropy",
         embedding, torch_embedding, ["embedding.table", "dense.weight", "dense.bias"],
         [normal(rng, (11, 4))] + dense(4, 3), tokens, [1, 0, 2], differentiable=False),
]
write("mlp", ["jax", "torch", "numpy"], {"float64": DOUBLE, "float32": FLOAT}, {"cases": cases},
      "Small models, one a case: mean loss, gradient of every parameter and of the input. Dense weights [in,out], "
      "filters HWIO, images NHWC. JAX; PyTorch agrees within 1e-10.")
