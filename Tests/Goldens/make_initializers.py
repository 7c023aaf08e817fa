"""Bounds and standard deviations of weight initialisers, each checked against PyTorch's own draws and formulas."""
import math

import numpy as np
import torch
from torch.nn import init

from goldens import write

torch.manual_seed(80)
DTYPE = torch.float64
SHAPES = {"dense": [784, 200], "conv": [5, 5, 32, 64]}
rows = []

for kind, shape in SHAPES.items():
    field = math.prod(shape[:-2])
    fan_in, fan_out = field * shape[-2], field * shape[-1]
    # PyTorch's layouts: [out, in] and OIHW
    weight = torch.empty([shape[-1], shape[-2]] + shape[:-2], dtype=DTYPE)
    assert init._calculate_fan_in_and_fan_out(weight) == (fan_in, fan_out)
    layer = (torch.nn.Linear(shape[0], shape[1], dtype=DTYPE) if kind == "dense"
             else torch.nn.Conv2d(shape[2], shape[3], shape[0], dtype=DTYPE))

    def row(name, formula, draw, bound=None, deviation=None):
        sample = draw().detach().numpy().ravel()
        deviation = bound / math.sqrt(3) if deviation is None else deviation
        # The standard error of a standard deviation is below deviation/sqrt(n) for these distributions.
        assert abs(sample.std() - deviation) < 5 * deviation / math.sqrt(sample.size), name
        if bound is not None:
            assert np.abs(sample).max() <= bound and np.abs(sample).max() > 0.9 * bound, name
        rows.append({"name": name, "layer": kind, "shape": shape, "fanIn": fan_in, "fanOut": fan_out,
                     "formula": formula, "distribution": "normal" if bound is None else "uniform", "bound": bound,
                     "mean": 0, "standardDeviation": deviation, "variance": deviation**2})

    row("glorot-uniform", "bound = sqrt(6/(fanIn+fanOut))", lambda: init.xavier_uniform_(weight),
        bound=math.sqrt(6 / (fan_in + fan_out)))
    row("glorot-normal", "standardDeviation = sqrt(2/(fanIn+fanOut))", lambda: init.xavier_normal_(weight),
        deviation=math.sqrt(2 / (fan_in + fan_out)))
    row("he-uniform", "bound = sqrt(6/fanIn)", lambda: init.kaiming_uniform_(weight, nonlinearity="relu"),
        bound=math.sqrt(6 / fan_in))
    row("he-normal", "standardDeviation = sqrt(2/fanIn)", lambda: init.kaiming_normal_(weight, nonlinearity="relu"),
        deviation=math.sqrt(2 / fan_in))
    row("fan-in-uniform", "bound = 1/sqrt(fanIn): PyTorch's default for the weight of Linear and Conv2d",
        lambda: layer.weight, bound=1 / math.sqrt(fan_in))
    assert layer.bias.abs().max() <= 1 / math.sqrt(fan_in)
    rows.append({"name": "fan-in-uniform-bias", "layer": kind, "shape": [shape[-1]], "fanIn": fan_in,
                 "fanOut": fan_out, "formula": "bound = 1/sqrt(fanIn of the weight): PyTorch's default for the bias",
                 "distribution": "uniform", "bound": 1 / math.sqrt(fan_in), "mean": 0,
                 "standardDeviation": 1 / math.sqrt(3 * fan_in), "variance": 1 / (3 * fan_in)})

write("initializers", ["torch", "numpy"],
      {"parameters": {"absolute": 1e-12, "relative": 1e-12},
       "sample": "a sample of n draws: |standard deviation - expected| < 5*expected/sqrt(n), none beyond the bound"},
      {"initializers": rows},
      "Dense weights [in,out], filters HWIO; fanIn and fanOut include the filter's area. The normal distributions are "
      "not truncated.")
