"""Tensor operators: value and vector-Jacobian product by JAX, with PyTorch as a second opinion for the larger ones."""
import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F
from jax.scipy.special import erf

from goldens import DOUBLE, assert_close, assert_within, in_single, normal, tensor, tensors, write

jax.config.update("jax_enable_x64", True)
rng = np.random.default_rng(70)
rows = []
SINGLE = {"absolute": 1e-5, "relative": 2e-5}


def row(operator, function, inputs, attributes=None, constants=(), second=None, check=True):
    """`function(*inputs)`; `constants` are indices, which have no gradient; `second` is the same in PyTorch."""
    inputs = [np.asarray(x, np.float64) for x in inputs]
    output, pullback = jax.vjp(function, *map(jnp.asarray, inputs))
    cotangent = normal(rng, output.shape)
    gradients = [np.asarray(g) for g in pullback(jnp.asarray(cotangent))]
    if check:
        for i, g in enumerate(gradients):
            assert_close(by_differences(function, inputs, i, cotangent), g, 2e-7 * (1 + np.abs(g).max(initial=0)))
    if second is not None:
        leaves = [torch.tensor(x, requires_grad=True) for x in inputs]
        value = second(*leaves)
        assert_close(value.detach().numpy(), output)
        for a, b in zip(torch.autograd.grad(value, leaves, torch.tensor(cotangent)), gradients):
            assert_close(a.numpy(), b)
    s_output, s_pullback = jax.vjp(function, *map(jnp.asarray, in_single(inputs)))
    s_gradients = s_pullback(jnp.asarray(cotangent, s_output.dtype))
    for actual, expected in zip([s_output, *s_gradients], [output, *gradients]):
        assert_within(actual, expected, SINGLE)
    entry = {"operator": operator, "attributes": attributes or {}, "inputs": tensors(inputs)}
    if constants:
        entry["indices"] = tensors(constants)
    rows.append(entry | {"output": tensor(output), "cotangent": tensor(cotangent),
                         "input_gradients": tensors(gradients)})


def by_differences(function, inputs, position, cotangent, step=1e-5):
    """Central differences of <cotangent, function>: the JAX derivative must be that of the JAX value."""
    x = inputs[position]
    gradient = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        ends = []
        for sign in (1, -1):
            moved = x.copy()
            moved[at] += sign * step
            ends.append(np.sum(np.asarray(function(*inputs[:position], moved, *inputs[position + 1:])) * cotangent))
        gradient[at] = (ends[0] - ends[1]) / (2 * step)
    return gradient


def distinct(shape):
    """Numbers that all differ by a quarter at least, and from zero by an eighth."""
    n = int(np.prod(shape))
    return (rng.permutation(n).reshape(shape) - n // 2) * 0.25 + 0.125


# --- elementwise, one operand -------------------------------------------------------------------------------------
anywhere = np.array([[-2.5, -1.0, -0.375, 0.125], [0.5, 0.875, 1.75, 3.25]])
positive = np.array([[0.0625, 0.25, 0.5, 0.875], [1.0, 1.5, 2.75, 9.0]])
for operator, function, x in [
    ("neg", jnp.negative, anywhere), ("exp", jnp.exp, anywhere), ("log", jnp.log, positive),
    ("log1p", jnp.log1p, positive - 0.5), ("tanh", jnp.tanh, anywhere), ("sigmoid", jax.nn.sigmoid, anywhere),
    ("relu", jax.nn.relu, anywhere), ("sqrt", jnp.sqrt, positive), ("rsqrt", jax.lax.rsqrt, positive),
    ("reciprocal", lambda x: 1 / x, anywhere), ("abs", jnp.abs, anywhere), ("sign", jnp.sign, anywhere),
    ("erf", erf, anywhere), ("sin", jnp.sin, anywhere), ("cos", jnp.cos, anywhere), ("square", jnp.square, anywhere),
    ("floor", jnp.floor, anywhere + 0.0625), ("softplus", jax.nn.softplus, anywhere),
    ("gelu", lambda x: jax.nn.gelu(x, approximate=False), anywhere),
]:
    row(operator, function, [x])
extreme = np.array([-100.0, -30.0, 30.0, 100.0])
for operator, function in [("sigmoid", jax.nn.sigmoid), ("softplus", jax.nn.softplus), ("tanh", jnp.tanh)]:
    row(operator, function, [extreme])
row("relu", jax.nn.relu, [[0.0, -0.0]], check=False)  # the derivative at 0 is 0
row("log1p", jnp.log1p, [[1e-7, -1e-7, 1e-3]], check=False)

# --- elementwise, two operands, broadcast -------------------------------------------------------------------------
left = np.array([[-2.25, 0.5, 1.75], [3.0, -0.625, 0.875]])
rights = [np.array([[1.5, -0.75, 2.0], [0.25, 1.125, -3.0]]), np.array([1.25, -0.875, 2.5]),
          np.array([[-1.5], [0.375]]), np.array(0.75)]
for operator, function in [("add", jnp.add), ("sub", jnp.subtract), ("mul", jnp.multiply), ("div", jnp.divide),
                           ("maximum", jnp.maximum), ("minimum", jnp.minimum)]:
    for right in rights:
        row(operator, function, [left, right])
    row(operator, function, [rights[2], rights[1]])  # [2,1] with [3]: both are broadcast
base = np.abs(left) + 0.25
for right in rights:
    row("pow", jnp.power, [base, right])
for operator, function in [("less", jnp.less), ("lessEqual", jnp.less_equal), ("greater", jnp.greater),
                           ("greaterEqual", jnp.greater_equal), ("equal", jnp.equal), ("notEqual", jnp.not_equal)]:
    for a, b in [(left, np.array([[-2.25, 1.0, 1.75], [2.0, 0.0, 0.875]])), (left, np.array([-2.25, 0.5, 9.0])),
                 (left, np.array([[0.5], [3.0]])), (left, np.array(0.5))]:
        row(operator, lambda x, y: function(x, y).astype(jnp.float64), [a, b], check=False)
condition = np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
row("select", lambda c, a, b: jnp.where(c != 0, a, b), [condition, left, rights[0]], check=False)
row("select", lambda c, a, b: jnp.where(c != 0, a, b), [condition[:, :1], left, rights[3]], check=False)

# --- reductions ---------------------------------------------------------------------------------------------------
cube = distinct((2, 3, 4))
for operator, function in [("sum", jnp.sum), ("mean", jnp.mean), ("reduceMax", jnp.max), ("reduceMin", jnp.min)]:
    for axes in ([0], [1], [0, 2], [0, 1, 2]):
        row(operator, lambda x: function(x, axis=tuple(axes)), [cube], {"axes": axes, "keepDimensions": False})
    row(operator, lambda x: function(x, axis=1, keepdims=True), [cube], {"axes": [1], "keepDimensions": True})

# --- layout -------------------------------------------------------------------------------------------------------
row("reshape", lambda x: x.reshape(4, 6), [cube], {"shape": [4, 6]})
row("broadcast", lambda x: jnp.broadcast_to(x, (4, 2, 3)), [normal(rng, (2, 1))], {"shape": [4, 2, 3]})
for permutation in ([1, 0, 2], [2, 0, 1], [2, 1, 0]):
    row("transpose", lambda x: x.transpose(permutation), [cube], {"permutation": permutation})
row("slice", lambda x: x[1:2, 0:2, 1:4], [cube], {"starts": [1, 0, 1], "ends": [2, 2, 4]})
row("stridedSlice", lambda x: x[0:2:1, 0:3:2, 1:4:2], [cube],
    {"starts": [0, 0, 1], "ends": [2, 3, 4], "strides": [1, 2, 2]})
row("pad", lambda x: jnp.pad(x, ((1, 0), (2, 3))), [normal(rng, (2, 3))], {"low": [1, 2], "high": [0, 3]})
row("pad", lambda x: jnp.pad(x, ((0, 0), (1, 1), (0, 2)), constant_values=-1.5), [cube],
    {"low": [0, 1, 0], "high": [0, 1, 2], "value": -1.5})
row("concatenate", lambda *x: jnp.concatenate(x, 0), [normal(rng, (2, 3)), normal(rng, (1, 3))], {"axis": 0})
row("concatenate", lambda *x: jnp.concatenate(x, 1),
    [normal(rng, (2, 3)), normal(rng, (2, 1)), normal(rng, (2, 2))], {"axis": 1})

# --- rows by index ------------------------------------------------------------------------------------------------
table = normal(rng, (5, 3))
for indices in (np.array([4, 0, 4, 2]), np.array([[1, 1], [3, 0]])):
    row("gather", lambda t: t[indices], [table], {"axis": 0}, [indices])
    updates = normal(rng, (*indices.shape, 3))
    row("scatterAdd", lambda u: jnp.zeros((5, 3)).at[indices].add(u), [updates], {"rows": 5}, [indices])

# --- matrix product -----------------------------------------------------------------------------------------------
for a, b, transpose_a, transpose_b in [
    ((3, 4), (4, 2), False, False), ((4, 3), (4, 2), True, False), ((3, 4), (2, 4), False, True),
    ((4, 3), (2, 4), True, True), ((2, 3, 4), (2, 4, 5), False, False), ((2, 4, 3), (2, 4, 5), True, False),
    ((2, 3, 4), (2, 5, 4), False, True), ((2, 4, 3), (2, 5, 4), True, True), ((1, 1), (1, 3), False, False),
]:
    def product(x, y):
        return (x.swapaxes(-1, -2) if transpose_a else x) @ (y.swapaxes(-1, -2) if transpose_b else y)

    row("matmul", product, [normal(rng, a), normal(rng, b)],
        {"transposeLeft": transpose_a, "transposeRight": transpose_b}, second=product)

# --- convolution (NHWC, HWIO) -------------------------------------------------------------------------------------
for x, w, strides, padding in [
    ((2, 5, 5, 2), (3, 3, 2, 3), (1, 1), ((0, 0), (0, 0))),
    ((1, 5, 6, 2), (3, 3, 2, 3), (1, 1), ((1, 1), (1, 1))),
    ((1, 6, 6, 1), (5, 5, 1, 2), (1, 1), ((2, 2), (2, 2))),
    ((1, 6, 7, 2), (3, 3, 2, 2), (2, 2), ((0, 1), (0, 1))),
    ((1, 6, 5, 1), (3, 2, 1, 2), (2, 1), ((2, 0), (0, 1))),
    ((1, 5, 5, 2), (2, 2, 2, 2), (2, 2), ((0, 0), (0, 0))),  # the last row and column are not read
    ((2, 3, 3, 3), (1, 1, 3, 2), (1, 1), ((0, 0), (0, 0))),
]:
    def convolution(x, w):
        return jax.lax.conv_general_dilated(x, w, strides, padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))

    def torch_convolution(x, w):
        (top, bottom), (left, right) = padding
        x = F.pad(x.permute(0, 3, 1, 2), (left, right, top, bottom))
        return F.conv2d(x, w.permute(3, 2, 0, 1), stride=strides).permute(0, 2, 3, 1)

    row("conv2d", convolution, [normal(rng, x), normal(rng, w, 0.5)],
        {"strides": strides, "padding": padding}, second=torch_convolution)

# --- pooling (NHWC) -----------------------------------------------------------------------------------------------
POOLS = [((1, 4, 6, 2), 2, 2, ((0, 0), (0, 0))), ((2, 5, 5, 1), 2, 2, ((0, 0), (0, 0))),
         ((1, 6, 5, 2), 3, 2, ((1, 1), (1, 1))), ((1, 4, 4, 1), 3, 2, ((0, 1), (0, 1))),
         ((1, 4, 4, 1), 2, 1, ((0, 0), (0, 0)))]
for shape, size, stride, padding in POOLS:
    def pool(x, initial, combine):
        return jax.lax.reduce_window(x, initial, combine, (1, size, size, 1), (1, stride, stride, 1),
                                     ((0, 0), *padding, (0, 0)))

    def torch_pool(x, function, outside):
        (top, bottom), (left, right) = padding
        x = F.pad(x.permute(0, 3, 1, 2), (left, right, top, bottom), value=outside)
        return function(x, size, stride).permute(0, 2, 3, 1)

    attributes = {"window": [size, size], "strides": [stride, stride], "padding": padding}
    row("maxPool2d", lambda x: pool(x, -jnp.inf, jax.lax.max), [distinct(shape)], attributes,
        second=lambda x: torch_pool(x, F.max_pool2d, -torch.inf))
    row("averagePool2d", lambda x: pool(x, 0.0, jax.lax.add) / size**2, [normal(rng, shape)], attributes,
        second=lambda x: torch_pool(x, F.avg_pool2d, 0.0))

# --- softmax ------------------------------------------------------------------------------------------------------
logits = normal(rng, (3, 4), 2)
hard = np.array([[100.0, -100.0, 0.0], [-100.0, -100.0, -100.0], [100.0, 100.0, -100.0]])
for x, labels in [(logits, np.array([2, 0, 3])), (hard, np.array([1, 2, 0]))]:
    index = jnp.asarray(labels)
    row("softmax", jax.nn.softmax, [x], {"axis": -1}, second=lambda x: F.softmax(x, -1))
    row("logSoftmax", jax.nn.log_softmax, [x], {"axis": -1}, second=lambda x: F.log_softmax(x, -1))
    row("softmaxCrossEntropy", lambda x: -jnp.take_along_axis(jax.nn.log_softmax(x), index[:, None], 1)[:, 0], [x],
        {"reduction": "none"}, [labels],
        second=lambda x: F.cross_entropy(x, torch.tensor(labels), reduction="none"))

write(
    "operators", ["jax", "torch", "numpy"],
    {"float64": DOUBLE, "float32": SINGLE},
    {
        "attributes": {
            "broadcasting": "as in numpy: shapes aligned at the last axis; gradients are summed back",
            "comparisons, select": "1 is true, 0 is false; the gradient of the condition and of comparisons is 0",
            "sum, mean, reduceMax, reduceMin": "axes; keepDimensions",
            "slice, stridedSlice": "starts, ends (exclusive), strides: one number an axis",
            "pad": "low, high: one number an axis; value (0 if absent)",
            "gather": "output[i..., :] = input[indices[i...], :]",
            "scatterAdd": "output [rows, ...] starts at zero; output[indices[i...], :] += input[i..., :]",
            "matmul": "transposeLeft, transposeRight: the last two axes are exchanged before the product",
            "conv2d": "NHWC, HWIO, no bias, cross-correlation; strides [h,w]; padding [[top,bottom],[left,right]]",
            "maxPool2d, averagePool2d": "NHWC; window, strides [h,w]; padding as conv2d; the maximum ignores padding; "
                                        "the average counts it and divides by the window's area",
            "softmaxCrossEntropy": "indices[0] are the labels; one loss a row",
            "gelu": "x/2*(1 + erf(x/sqrt(2)))",
        },
        "operators": rows,
    },
    "output = operator(inputs); input_gradients[i] is the vector-Jacobian product of cotangent with respect to "
    "inputs[i]. Inputs keep away from ties and kinks, except relu at 0 (derivative 0). Values by JAX; gradients also "
    "by central differences, the matrix product, convolution, pooling and softmax also by PyTorch.",
)
print(len(rows), "entries,", len({r["operator"] for r in rows}), "operators")
