"""Ten steps of every optimiser on listed gradients: PyTorch and optax where they agree, numpy where neither has it."""
import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch

from goldens import DOUBLE, FLOAT, assert_close, normal, write

jax.config.update("jax_enable_x64", True)
rng = np.random.default_rng(30)
STEPS = 10
start = normal(rng, 6)
gradients = normal(rng, (STEPS, 6), 1.5)
gradients[:, 4] *= np.float64(2.0) ** -6  # a coordinate with small gradients
gradients[3:6, 2] = 0  # and one whose gradient vanishes for a while
gradients[7] *= np.float64(2.0) ** -4  # a step whose gradient is not clipped


def by_torch(make):
    p = torch.tensor(start).requires_grad_()
    optimizer = make([p])
    trajectory = []
    for g in gradients:
        p.grad = torch.tensor(g)
        optimizer.step()
        trajectory.append(p.detach().numpy().copy())
    return np.array(trajectory)


def by_optax(transform):
    p, trajectory = jnp.asarray(start), []
    state = transform.init(p)
    for g in gradients:
        update, state = transform.update(jnp.asarray(g), state, p)
        p = optax.apply_updates(p, update)
        trajectory.append(np.asarray(p))
    return np.array(trajectory)


def adams_bashforth(rate):
    p, trajectory, previous = start.copy(), [], None
    for g in gradients:
        p = p - rate * (g if previous is None else 1.5 * g - 0.5 * previous)
        previous = g
        trajectory.append(p.copy())
    return np.array(trajectory)


def clipped_by_norm(limit):
    p, trajectory = start.copy(), []
    for g in gradients:
        p = p - 0.1 * g * min(1, limit / np.sqrt(np.sum(g * g)))
        trajectory.append(p.copy())
    return np.array(trajectory)


def torch_sgd(**options):
    return lambda p: torch.optim.SGD(p, lr=0.1, **options)


rows = []


def row(name, formula, hyperparameters, results, source):
    """All results must agree; the first is recorded."""
    for other in results[1:]:
        assert_close(other, results[0], 1e-12)
    rows.append({"name": name, "formula": formula, "hyperparameters": hyperparameters, "source": source,
                 "parameters": [[float(x) for x in step] for step in results[0]]})


row("sgd", "p -= lr*g", {"learningRate": 0.1},
    [by_torch(torch_sgd()), by_optax(optax.sgd(0.1))], "torch.optim.SGD = optax.sgd")
row("momentum", "b = m*b + g (b = g at first); p -= lr*b", {"learningRate": 0.1, "momentum": 0.9},
    [by_torch(torch_sgd(momentum=0.9)), by_optax(optax.sgd(0.1, 0.9))], "torch.optim.SGD = optax.sgd")
row("nesterov", "b = m*b + g (b = g at first); p -= lr*(g + m*b)", {"learningRate": 0.1, "momentum": 0.9},
    [by_torch(torch_sgd(momentum=0.9, nesterov=True)), by_optax(optax.sgd(0.1, 0.9, nesterov=True))],
    "torch.optim.SGD = optax.sgd")
row("sgd-weight-decay", "g += wd*p; p -= lr*g", {"learningRate": 0.1, "weightDecay": 0.01},
    [by_torch(torch_sgd(weight_decay=0.01)), by_optax(optax.chain(optax.add_decayed_weights(0.01), optax.sgd(0.1)))],
    "torch.optim.SGD = optax.add_decayed_weights, sgd")
row("momentum-weight-decay", "g += wd*p; b = m*b + g (b = g at first); p -= lr*b",
    {"learningRate": 0.1, "momentum": 0.9, "weightDecay": 0.01},
    [by_torch(torch_sgd(momentum=0.9, weight_decay=0.01)),
     by_optax(optax.chain(optax.add_decayed_weights(0.01), optax.sgd(0.1, 0.9)))],
    "torch.optim.SGD = optax.add_decayed_weights, sgd")
row("adam", "m = b1*m + (1-b1)*g; v = b2*v + (1-b2)*g^2; p -= lr*(m/(1-b1^t))/(sqrt(v/(1-b2^t)) + eps)",
    {"learningRate": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    [by_torch(lambda p: torch.optim.Adam(p, lr=0.01)), by_optax(optax.adam(0.01))], "torch.optim.Adam = optax.adam")
row("adamw", "as adam, and p -= lr*wd*p with the parameters before the step",
    {"learningRate": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weightDecay": 0.01},
    [by_torch(lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.01)),
     by_optax(optax.adamw(0.01, weight_decay=0.01))], "torch.optim.AdamW = optax.adamw")
row("rmsprop", "v = a*v + (1-a)*g^2 (v = 0 at first); p -= lr*g/(sqrt(v) + eps)",
    {"learningRate": 0.01, "decay": 0.99, "epsilon": 1e-8},
    [by_torch(lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.99, eps=1e-8)),
     by_optax(optax.rmsprop(0.01, decay=0.99, eps=1e-8, eps_in_sqrt=False))], "torch.optim.RMSprop = optax.rmsprop")
row("rmsprop-momentum", "v = a*v + (1-a)*g^2; b = m*b + g/(sqrt(v) + eps); p -= lr*b",
    {"learningRate": 0.01, "decay": 0.99, "epsilon": 1e-8, "momentum": 0.9},
    [by_torch(lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.99, eps=1e-8, momentum=0.9)),
     by_optax(optax.rmsprop(0.01, decay=0.99, eps=1e-8, eps_in_sqrt=False, momentum=0.9))],
    "torch.optim.RMSprop = optax.rmsprop")
row("adagrad", "s += g^2 (s = 0 at first); p -= lr*g/(sqrt(s) + eps)",
    {"learningRate": 0.1, "epsilon": 1e-10, "initialAccumulator": 0},
    [by_torch(lambda p: torch.optim.Adagrad(p, lr=0.1, eps=1e-10))], "torch.optim.Adagrad")
row("adams-bashforth", "p -= lr*(3/2*g_t - 1/2*g_(t-1)); the first step is p -= lr*g",
    {"learningRate": 0.1}, [adams_bashforth(0.1)], "numpy")
row("sgd-clip-global-norm", "g *= min(1, c/|g|); p -= lr*g", {"learningRate": 0.1, "maximumNorm": 1},
    [by_optax(optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(0.1))), clipped_by_norm(1.0)],
    "optax.clip_by_global_norm, sgd")
row("sgd-clip-value", "g = min(max(g, -c), c); p -= lr*g", {"learningRate": 0.1, "maximumValue": 0.5},
    [by_optax(optax.chain(optax.clip(0.5), optax.sgd(0.1)))], "optax.clip, sgd")
norms = np.sqrt((gradients**2).sum(1))
assert norms.min() < 1 < norms.max()

write("optimizers", ["torch", "optax", "jax", "numpy"], {"float64": DOUBLE, "float32": FLOAT},
      {"start": [float(x) for x in start],
       "gradients": [[float(x) for x in g] for g in gradients],
       "optimizers": rows},
      "Six parameters, ten steps: gradients[t] is what the optimiser is given at step t (it does not depend on the "
      "parameters); optimizers[i].parameters[t] are the parameters after step t. Clipping: the six are one vector.")
