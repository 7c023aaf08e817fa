"""Loss functions: value and gradient with respect to the predictions, by JAX/optax and PyTorch."""
import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
import torch.nn.functional as F

from goldens import DOUBLE, FLOAT, assert_close, normal, tensor, write

jax.config.update("jax_enable_x64", True)
rng = np.random.default_rng(50)
rows = []


def row(name, about, loss, torch_loss, predictions, targets, attributes=None):
    predictions, targets = np.asarray(predictions, np.float64), np.asarray(targets)
    each = loss(jnp.asarray(predictions), jnp.asarray(targets))
    value, gradient = jax.value_and_grad(lambda p: loss(p, jnp.asarray(targets)).mean())(jnp.asarray(predictions))
    p = torch.tensor(predictions, requires_grad=True)
    t_value = torch_loss(p, torch.tensor(targets))
    t_value.backward()
    assert_close(t_value.item(), value)
    assert_close(p.grad.numpy(), gradient)
    rows.append({"name": name, "about": about, "attributes": attributes or {}, "predictions": tensor(predictions),
                 "targets": tensor(targets), "each": tensor(each), "value": float(value),
                 "gradient": tensor(gradient)})


def squared(p, t):
    return (p - t) ** 2


def softmax(p, labels):
    return -jnp.take_along_axis(jax.nn.log_softmax(p), labels[:, None], 1)[:, 0]


p, t = normal(rng, (4, 3)), normal(rng, (4, 3))
row("mean-squared-error", "(p-t)^2, mean over all elements", squared, F.mse_loss, p, t)
row("mean-squared-error", "the same, one output", squared, F.mse_loss, p[:, 0], t[:, 0])
row("huber", "|d| <= delta: d^2/2, otherwise delta*(|d| - delta/2), d = p-t; mean over all elements",
    optax.huber_loss, F.huber_loss, [0.0, 0.25, -0.5, 0.9375, -1.25, 3.0, -100.0, 100.0], np.zeros(8),
    {"delta": 1.0})
row("huber", "the same, delta 0.5", lambda p, t: optax.huber_loss(p, t, delta=0.5),
    lambda p, t: F.huber_loss(p, t, delta=0.5), p, t, {"delta": 0.5})
row("softmax-cross-entropy", "log-sum-exp(z) - z[label], mean over rows; targets are labels", softmax,
    F.cross_entropy, normal(rng, (5, 4), 2), [0, 3, 1, 1, 2])
row("softmax-cross-entropy", "logits of +-100: finite, stable", softmax, F.cross_entropy,
    [[100.0, -100.0, 0.0], [100.0, -100.0, 0.0], [-100.0, -100.0, -100.0], [100.0, 100.0, -100.0],
     [0.0, 0.0, 0.0]], [0, 1, 2, 0, 2])
row("softmax-cross-entropy-soft", "-sum_k t[k]*log_softmax(z)[k], mean over rows; targets are distributions",
    optax.softmax_cross_entropy, F.cross_entropy, normal(rng, (3, 4), 2),
    [[0.25, 0.25, 0.25, 0.25], [0.0, 1.0, 0.0, 0.0], [0.5, 0.125, 0.375, 0.0]])
row("binary-cross-entropy", "max(z,0) - z*t + log(1+exp(-|z|)), mean over all elements; z are logits",
    optax.sigmoid_binary_cross_entropy, F.binary_cross_entropy_with_logits,
    normal(rng, (6,), 2), [0.0, 1.0, 1.0, 0.0, 1.0, 0.0])
row("binary-cross-entropy", "logits of +-100 and 0, a soft target",
    optax.sigmoid_binary_cross_entropy, F.binary_cross_entropy_with_logits,
    [100.0, 100.0, -100.0, -100.0, 0.125, 0.5], [1.0, 0.0, 1.0, 0.0, 1.0, 0.25])

write("losses", ["jax", "optax", "torch", "numpy"], {"float64": DOUBLE, "float32": FLOAT}, {"losses": rows},
      "each: the loss a row (softmax) or an element; value: their mean; gradient: of value with respect to the "
      "predictions. Integer targets are labels. JAX/optax; PyTorch agrees within 1e-10.")
