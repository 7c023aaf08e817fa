"""Learning-rate schedules by optax and PyTorch, each also by its formula in plain Python."""
import math

import jax
import optax
import torch

from goldens import DOUBLE, FLOAT, assert_close, write

jax.config.update("jax_enable_x64", True)
STEPS = list(range(13))
PEAK = 0.8
rows = []


def row(name, formula, settings, values, checks=(), steps=STEPS):
    """`checks` are other sources' values for a prefix of the steps. optax computes some of its own in Float."""
    values = [float(v) for v in values]
    for other, tolerance in checks:
        other = [float(v) for v in other]
        assert_close(other, values[: len(other)], tolerance)
    rows.append({"name": name, "formula": formula, "settings": settings, "steps": list(steps), "values": values})


def by_optax(schedule, steps=STEPS):
    return [schedule(t) for t in steps], 1e-6


def by_torch(make, count=len(STEPS)):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=PEAK)
    schedule, values = make(optimizer), []
    for _ in range(count):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return values, 1e-12


def cosine(t, peak, length, low=0.0):
    return low + (peak - low) * 0.5 * (1 + math.cos(math.pi * min(t, length) / length))


lr = torch.optim.lr_scheduler
row("constant", "peak", {"peak": PEAK}, [PEAK for _ in STEPS], [by_optax(optax.constant_schedule(PEAK))])
row("step", "peak*factor^floor(t/every)", {"peak": PEAK, "every": 3, "factor": 0.5},
    [PEAK * 0.5 ** (t // 3) for t in STEPS],
    [by_torch(lambda o: lr.StepLR(o, 3, 0.5)),
     by_optax(optax.exponential_decay(PEAK, 3, 0.5, staircase=True))])
row("exponential", "peak*factor^t", {"peak": PEAK, "factor": 0.9}, [PEAK * 0.9**t for t in STEPS],
    [by_torch(lambda o: lr.ExponentialLR(o, 0.9)), by_optax(optax.exponential_decay(PEAK, 1, 0.9))])
row("cosine", "minimum + (peak-minimum)*(1+cos(pi*min(t,length)/length))/2",
    {"peak": PEAK, "length": 10, "minimum": 0}, [cosine(t, PEAK, 10) for t in STEPS],
    [by_torch(lambda o: lr.CosineAnnealingLR(o, 10), 11), by_optax(optax.cosine_decay_schedule(PEAK, 10))])
row("cosine-minimum", "minimum + (peak-minimum)*(1+cos(pi*min(t,length)/length))/2",
    {"peak": PEAK, "length": 10, "minimum": 0.08}, [cosine(t, PEAK, 10, 0.08) for t in STEPS],
    [by_torch(lambda o: lr.CosineAnnealingLR(o, 10, 0.08), 11),
     by_optax(optax.cosine_decay_schedule(PEAK, 10, alpha=0.1))])
row("warmup-constant", "peak*min(1, t/warmup)", {"peak": PEAK, "warmup": 3},
    [PEAK * min(1, t / 3) for t in STEPS], [by_optax(optax.warmup_constant_schedule(0.0, PEAK, 3))])
row("warmup-cosine", "t < warmup: peak*t/warmup; otherwise the cosine schedule of length (length-warmup) at "
    "t-warmup", {"peak": PEAK, "warmup": 3, "length": 10, "minimum": 0.08},
    [PEAK * t / 3 if t < 3 else cosine(t - 3, PEAK, 7, 0.08) for t in STEPS],
    [by_optax(optax.warmup_cosine_decay_schedule(0.0, PEAK, 3, 10, 0.08))])
row("inverse-square-root", "peak*min(1, s/warmup)*sqrt(warmup/max(s,warmup)), where the first step is s = 1",
    {"peak": PEAK, "warmup": 4},
    [PEAK * min(1, s / 4) * math.sqrt(4 / max(s, 4)) for s in range(1, 14)], steps=range(1, 14))


def plateau(losses):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=PEAK)
    schedule, values = lr.ReduceLROnPlateau(optimizer, "min", 0.5, 2, 1e-4, "rel"), []
    for loss in losses:
        schedule.step(loss)
        values.append(optimizer.param_groups[0]["lr"])
    return values


def plateau_by_formula(losses):
    rate, best, bad, values = PEAK, math.inf, 0, []
    for loss in losses:
        if loss < best * (1 - 1e-4):
            best, bad = loss, 0
        else:
            bad += 1
        if bad > 2:
            rate, bad = rate * 0.5, 0
        values.append(rate)
    return values


# An improvement below the threshold (0.59999) does not count; one above it (0.5999) does.
losses = [1.0, 0.8, 0.9, 0.85, 0.81, 0.82, 0.6, 0.59999, 0.6, 0.61, 0.5999, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7]
on_plateau = plateau(losses)
assert on_plateau == plateau_by_formula(losses) and len(set(on_plateau)) >= 4

write("schedules", ["optax", "jax", "torch"], {"float64": DOUBLE, "float32": FLOAT},
      {"schedules": rows,
       "plateau": {"formula": "loss < best*(1-threshold) ? (best = loss, bad = 0) : bad += 1; "
                              "bad > patience ? (rate *= factor, bad = 0)",
                   "settings": {"initial": PEAK, "factor": 0.5, "patience": 2, "threshold": 1e-4},
                   "losses": losses, "values": on_plateau}},
      "values[i] is the rate that step steps[i] uses; t in a formula is that step, counted from 0 (s from 1). "
      "plateau.values[i] is the rate after losses[0...i] have been seen. Values by formula in Double; optax (which "
      "computes in Float: 1e-6) and PyTorch (1e-12) agree.")
