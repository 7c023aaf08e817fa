"""Metrics on given predictions, by scikit-learn; the area under the curve also by counting pairs."""
import numpy as np
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score, root_mean_squared_error

from goldens import DOUBLE, FLOAT, assert_close, grid, normal, tensor, write

rng = np.random.default_rng(60)
rows = []


def row(metric, about, inputs, value, **attributes):
    rows.append({"metric": metric, "about": about, "attributes": attributes} | inputs | {"value": float(value)})


def pairs(labels, scores):
    """P(score of a positive > score of a negative), a tie counting one half."""
    positive, negative = scores[labels == 1][:, None], scores[labels == 0][None, :]
    return np.mean((positive > negative) + 0.5 * (positive == negative))


labels = rng.integers(0, 4, 12)
logits = normal(rng, (12, 4))
logits[np.arange(7), labels[:7]] += 2
predicted = logits.argmax(1)
row("accuracy", "share of rows whose largest score is at the label",
    {"scores": tensor(logits), "labels": labels.tolist()}, accuracy_score(labels, predicted))
row("f1", "macro: unweighted mean over the classes of 2*tp/(2*tp+fp+fn), 0 where that is 0/0",
    {"scores": tensor(logits), "labels": labels.tolist()},
    f1_score(labels, predicted, average="macro", labels=range(4), zero_division=0), average="macro", classes=4)

y, guess = np.array([0, 0, 1, 1, 3, 3, 0]), np.array([0, 1, 1, 1, 0, 1, 0])
row("f1", "macro over classes 0, 1 and 3: class 3 is never predicted and scores 0",
    {"predictions": guess.tolist(), "labels": y.tolist()},
    f1_score(y, guess, average="macro", zero_division=0), average="macro", classes=[0, 1, 3])
row("f1", "macro over classes 0 to 3: class 2 neither occurs nor is predicted and scores 0",
    {"predictions": guess.tolist(), "labels": y.tolist()},
    f1_score(y, guess, average="macro", labels=range(4), zero_division=0), average="macro", classes=[0, 1, 2, 3])

y, guess = np.array([0, 0, 1, 1, 1, 0, 1, 0, 1]), np.array([0, 1, 1, 0, 1, 0, 1, 1, 1])
row("accuracy", "binary", {"predictions": guess.tolist(), "labels": y.tolist()}, accuracy_score(y, guess))
row("f1", "binary: class 1 is the positive one", {"predictions": guess.tolist(), "labels": y.tolist()},
    f1_score(y, guess), average="binary")
row("f1", "binary with no positive prediction: 0", {"predictions": [0] * 9, "labels": y.tolist()},
    f1_score(y, np.zeros(9, int), zero_division=0), average="binary")


def auc(about, labels, scores):
    labels, scores = np.asarray(labels), np.asarray(scores, np.float64)
    value = roc_auc_score(labels, scores)
    assert_close(value, pairs(labels, scores), 1e-14)
    row("auc", about, {"scores": tensor(scores), "labels": labels.tolist()}, value)


y = rng.integers(0, 2, 20)
scores = normal(rng, 20) + y
auc("no ties", y, scores)
auc("ties within and across the classes (a tie counts one half)", y, grid(scores, 0))
auc("all scores equal", [0, 1, 0, 1, 1], [0.5] * 5)
auc("perfect", [0, 0, 1, 1], [0.125, 0.25, 0.5, 0.75])
auc("reversed", [1, 1, 0, 0], [0.125, 0.25, 0.5, 0.75])

p, t = normal(rng, (6, 2)), normal(rng, (6, 2))
row("rmse", "square root of the mean over all elements of (p-t)^2",
    {"predictions": tensor(p), "targets": tensor(t)}, root_mean_squared_error(t.ravel(), p.ravel()))
row("rmse", "one output", {"predictions": tensor(p[:, 0]), "targets": tensor(t[:, 0])},
    root_mean_squared_error(t[:, 0], p[:, 0]))

shifted = np.exp(logits - logits.max(1, keepdims=True))
row("loss", "mean softmax cross-entropy of the scores", {"scores": tensor(logits), "labels": labels.tolist()},
    log_loss(labels, shifted / shifted.sum(1, keepdims=True), labels=range(4)))

write("metrics", ["scikit-learn", "numpy"], {"float64": DOUBLE, "float32": FLOAT}, {"metrics": rows},
      "scores are logits [rows, classes] or, for auc, the score of class 1; predictions of accuracy and f1 are labels.")
