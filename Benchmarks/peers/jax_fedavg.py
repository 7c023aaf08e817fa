"""FedAvg by hand in JAX: jit, scan over batches, pmap over two host devices (vmap where clients are small).

usage: jax_fedavg.py WORKLOAD ROUNDS
"""
import os
import sys

workload, rounds = sys.argv[1], int(sys.argv[2])
# The settings that were fastest for each workload on two cores.
DEVICES = 1 if workload == "w3" else 2
VMAP = {"w3": 100, "w2li": 10, "w2ld": 10}.get(workload)
if DEVICES == 2:
    os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2 --xla_cpu_multi_thread_eigen=false"

import jax
import jax.numpy as jnp
import numpy as np

from workloads import EVALUATED_ROUNDS, WORKLOADS, Clock, accuracy_line, load, split

_, cohort_size, _, model_name, batch_size, learning_rate = WORKLOADS[workload]
SHAPES = {
    "cnn": [((5, 5, 1, 32), 25), ((5, 5, 32, 64), 800), ((3136, 512), 3136), ((512, 10), 512)],
    "mlp": [((784, 200), 784), ((200, 200), 200), ((200, 10), 200)],
    "logistic": [((784, 10), 784)],
}[model_name]
train_x, train_y, test_x, test_y = load()
indices, cohorts = split(workload, train_y, rounds)
examples = indices.shape[1]
batches = -(-examples // batch_size)


def initial():
    rng, parameters = np.random.default_rng(0), []
    for shape, fan_in in SHAPES:
        bound = 1 / np.sqrt(fan_in)
        draw = lambda s: jnp.array(rng.uniform(-bound, bound, s), jnp.float32)
        parameters.append((draw(shape), draw(shape[-1])))
    return parameters


def conv(x, w, b):
    """A same-padded convolution as one product over patches, which XLA runs faster on CPUs than its own."""
    kh, kw, _, f = w.shape
    n, height, width, _ = x.shape
    padded = jnp.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)))
    patches = [padded[:, i : i + height, j : j + width, :] for i in range(kh) for j in range(kw)]
    return (jnp.concatenate(patches, -1).reshape(n * height * width, -1) @ w.reshape(-1, f)).reshape(n, height, width, f) + b


def pool(x):
    n, height, width, c = x.shape
    return x.reshape(n, height // 2, 2, width // 2, 2, c).max((2, 4))


def forward(parameters, x):
    if model_name == "cnn":
        x = x.reshape(-1, 28, 28, 1)
        for w, b in parameters[:2]:
            x = pool(jax.nn.relu(conv(x, w, b)))
        x = x.reshape(x.shape[0], -1)
        parameters = parameters[2:]
    for w, b in parameters[:-1]:
        x = jax.nn.relu(x @ w + b)
    w, b = parameters[-1]
    return x @ w + b


def loss(parameters, x, y, weights):
    each = -jnp.take_along_axis(jax.nn.log_softmax(forward(parameters, x)), y[:, None], 1)[:, 0]
    return (each * weights).sum() / jnp.maximum(weights.sum(), 1)


def client(parameters, own, key, all_x, all_y):
    order = jax.random.permutation(key, examples)
    padding = batches * batch_size - examples
    order = jnp.concatenate([order, jnp.zeros(padding, order.dtype)]).reshape(batches, batch_size)
    weights = (jnp.arange(batches * batch_size) < examples).astype(jnp.float32).reshape(batches, batch_size)

    def step(parameters, batch):
        positions, weight = batch
        chosen = own[positions]
        gradient = jax.grad(loss)(parameters, all_x[chosen], all_y[chosen], weight)
        return jax.tree.map(lambda p, g: p - learning_rate * g, parameters, gradient), None

    return jax.lax.scan(step, parameters, (order, weights))[0]


def cohort_sum(parameters, own, keys, all_x, all_y):
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    if VMAP is None:
        body = lambda total, k: (jax.tree.map(jnp.add, total, client(parameters, *k, all_x, all_y)), None)
        return jax.lax.scan(body, zeros, (own, keys))[0]

    def body(total, k):
        trained = jax.vmap(client, (None, 0, 0, None, None))(parameters, *k, all_x, all_y)
        return jax.tree.map(lambda t, q: t + q.sum(0), total, trained), None

    chunks = own.shape[0] // VMAP
    return jax.lax.scan(body, zeros, (own.reshape(chunks, VMAP, -1), keys.reshape(chunks, VMAP, 2)))[0]


x, y = jnp.array(train_x), jnp.array(train_y.astype(np.int32))
parameters = initial()
if DEVICES == 1:
    run = jax.jit(lambda p, own, keys: jax.tree.map(lambda a: a / cohort_size, cohort_sum(p, own, keys, x, y)))
else:
    parallel = jax.pmap(
        lambda p, own, keys, x, y: jax.tree.map(
            lambda a: jax.lax.psum(a, "devices") / cohort_size, cohort_sum(p, own, keys, x, y)),
        axis_name="devices")
    repeated_x, repeated_y = jax.pmap(lambda _: x)(jnp.arange(2)), jax.pmap(lambda _: y)(jnp.arange(2))
    parameters = jax.tree.map(lambda a: jnp.stack([a, a]), parameters)
    run = lambda p, own, keys: parallel(
        p, own.reshape(2, -1, examples), keys.reshape(2, -1, 2), repeated_x, repeated_y)

hits = jax.jit(lambda p, x, y: (forward(p, x).argmax(1) == y).mean())
held_x, held_y = jnp.array(test_x), jnp.array(test_y.astype(np.int32))
key, clock = jax.random.PRNGKey(1), Clock()
for round_number in range(rounds):
    own = jnp.array(indices[cohorts[round_number]])
    key, subkey = jax.random.split(key)
    keys = jax.random.split(subkey, cohort_size)
    clock.start()
    parameters = run(parameters, own, keys)
    jax.block_until_ready(parameters)
    clock.stop()
    if round_number + 1 in EVALUATED_ROUNDS or round_number + 1 == rounds:
        single = parameters if DEVICES == 1 else jax.tree.map(lambda a: a[0], parameters)
        parts = [float(hits(single, held_x[i : i + 1000], held_y[i : i + 1000])) for i in range(0, 10000, 1000)]
        accuracy_line(round_number + 1, float(np.mean(parts)))
clock.report(cohort_size)
