"""A small convolutional network: loss, gradient and Hessian-vector product, by JAX and by PyTorch."""
import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F

from goldens import DOUBLE, assert_close, assert_within, in_single, normal, tensor, tensors, write

jax.config.update("jax_enable_x64", True)

NAMES = ["conv1.filter", "conv1.bias", "conv2.filter", "conv2.bias",
         "dense1.weight", "dense1.bias", "dense2.weight", "dense2.bias"]
SHAPES = [(5, 5, 1, 4), (4,), (5, 5, 4, 6), (6,), (24, 7), (7,), (7, 10), (10,)]
LABELS = np.array([3, 0, 7])


def conv(x, w, b):
    return jax.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")) + b


def windows(x):
    n, h, w, c = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, c).transpose(0, 1, 3, 5, 2, 4).reshape(-1, 4)


def pool(x):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def forward(p, x, kinks=None):
    for w, b in ((p[0], p[1]), (p[2], p[3])):
        z = conv(x, w, b)
        h = jax.nn.relu(z)
        if kinks is not None:
            top = np.sort(np.asarray(windows(h)), axis=1)
            open_ = top[:, 3] > 0
            kinks += [np.abs(z).min(), (top[:, 3] - top[:, 2])[open_].min()]
        x = pool(h)
    z = x.reshape(x.shape[0], -1) @ p[4] + p[5]
    if kinks is not None:
        kinks.append(np.abs(z).min())
    return jax.nn.relu(z) @ p[6] + p[7]


def per_sample(p, x):
    return -jnp.take_along_axis(jax.nn.log_softmax(forward(p, x)), LABELS[:, None], 1)[:, 0]


def loss(p, x):
    return per_sample(p, x).mean()


def draw(seed):
    rng = np.random.default_rng(seed)
    scale = [0.35, 0.2, 0.2, 0.2, 0.4, 0.3, 0.6, 0.3]
    params = [normal(rng, s, k) for s, k in zip(SHAPES, scale)]
    return params, [normal(rng, s) for s in SHAPES], normal(rng, (3, 8, 8, 1))


def far_from_kinks():
    """The first seed at which no ReLU input and no pooling winner is near a tie: Float takes the same branches."""
    for seed in range(1000):
        params, direction, x = draw(seed)
        margins = []
        forward(params, x, margins)
        if min(margins) > 3e-4:
            return seed, float(min(margins)), params, direction, x
    raise AssertionError("no seed keeps its distance from kinks")


def torch_results(params, direction, x):
    """The same in PyTorch, in its own layouts: images NCHW, filters OIHW, dense weights [out, in]."""
    def to(i, a):
        a = np.asarray(a)
        if a.ndim == 4:
            a = a.transpose(3, 2, 0, 1)
        if i == 4:  # rows come in NHWC order; PyTorch flattens NCHW
            a = a.reshape(2, 2, 6, 7).transpose(2, 0, 1, 3).reshape(24, 7)
        return torch.tensor(np.ascontiguousarray(a.T if a.ndim == 2 else a))

    def back(i, t):
        a = t.detach().numpy()
        if a.ndim == 4:
            return a.transpose(2, 3, 1, 0)
        if a.ndim == 2:
            a = a.T
        if i == 4:
            a = a.reshape(6, 2, 2, 7).transpose(1, 2, 0, 3).reshape(24, 7)
        return a

    p = [to(i, a).requires_grad_() for i, a in enumerate(params)]
    v = [to(i, a) for i, a in enumerate(direction)]
    h = torch.tensor(x.transpose(0, 3, 1, 2).copy())
    h = F.max_pool2d(F.relu(F.conv2d(h, p[0], p[1], padding=2)), 2)
    h = F.max_pool2d(F.relu(F.conv2d(h, p[2], p[3], padding=2)), 2)
    logits = F.linear(F.relu(F.linear(h.flatten(1), p[4], p[5])), p[6], p[7])
    value = F.cross_entropy(logits, torch.tensor(LABELS))
    gradient = torch.autograd.grad(value, p, create_graph=True)
    product = torch.autograd.grad(sum((g * u).sum() for g, u in zip(gradient, v)), p)
    return (value.item(), logits.detach().numpy(), [back(i, g) for i, g in enumerate(gradient)],
            [back(i, g) for i, g in enumerate(product)])


seed, margin, params, direction, x = far_from_kinks()
value, gradient = jax.value_and_grad(loss)(params, x)
tangent, product = jax.jvp(lambda p: jax.grad(loss)(p, x), (params,), (direction,))
_, directional = jax.jvp(lambda p: loss(p, x), (params,), (direction,))

t_value, t_logits, t_gradient, t_product = torch_results(params, direction, x)
assert_close(t_value, value)
assert_close(t_logits, forward(params, x))
for a, b, c, d in zip(t_gradient, gradient, t_product, product):
    assert_close(a, b)
    assert_close(c, d)
assert all(np.abs(np.asarray(h)).max() > 1e-3 for h in product[:-1]), "a trivial product would test nothing"

SINGLE = {"absolute": 2e-5, "relative": 2e-4}
single, single_direction, (single_x,) = in_single(params), in_single(direction), in_single([x])
s_value, s_gradient = jax.value_and_grad(loss)(single, single_x)
_, s_product = jax.jvp(lambda p: jax.grad(loss)(p, single_x), (single,), (single_direction,))
for actual, expected in zip([s_value, *s_gradient, *s_product], [value, *gradient, *product]):
    assert actual.dtype == np.float32
    assert_within(actual, expected, SINGLE)

write(
    "cnn", ["jax", "torch", "numpy"],
    {"float64": DOUBLE, "float32": SINGLE},
    {
        "seed": seed,
        "kinkMargin": margin,
        "input": tensor(x),
        "labels": LABELS.tolist(),
        "parameters": [
            {"name": n, "value": tensor(p), "gradient": tensor(g), "direction": tensor(v),
             "hessianVectorProduct": tensor(h)}
            for n, p, g, v, h in zip(NAMES, params, gradient, direction, product)
        ],
        "logits": tensor(forward(params, x)),
        "perSampleLosses": [float(l) for l in per_sample(params, x)],
        "loss": float(value),
        "directionalDerivative": float(directional),
    },
    "input [3,8,8,1] NHWC; conv 5x5 same 4, ReLU, max pool 2; conv 5x5 same 6, ReLU, max pool 2; flatten in NHWC "
    "order; dense 7, ReLU; dense 10; mean softmax cross-entropy. Filters HWIO, dense weights [in,out]. No ReLU input "
    "and no gap between the two largest of a pooling window (all zeros aside) is smaller than kinkMargin in absolute value. "
    "directionalDerivative is <gradient, direction>. JAX; PyTorch agrees within 1e-10.",
)
