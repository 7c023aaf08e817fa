"""What every peer trains: the data, the splits, the models' sizes and the clock. NumPy only.

MNIST is read from the four IDX files in $FLUXION_DATA (or $FLUXION_DATA/mnist), gzipped or not. Splits are drawn with
NumPy from a fixed seed, the same for every peer.
"""
import gzip
import os
import statistics
import struct
import sys
import time

import numpy as np

# name: (parties, parties a round, partition, model, batch size, learning rate)
WORKLOADS = {
    "w1p": (10, 10, "shards", "cnn", 32, 0.05),
    "w1d": (10, 10, "dirichlet:0.5", "cnn", 32, 0.05),
    "w2mi": (1000, 100, "iid", "mlp", 10, 0.05),
    "w2md": (1000, 100, "dirichlet:0.3", "mlp", 10, 0.05),
    "w2li": (1000, 100, "iid", "logistic", 10, 0.05),
    "w2ld": (1000, 100, "dirichlet:0.3", "logistic", 10, 0.05),
    "w3": (10000, 1000, "iid", "logistic", 6, 0.05),
}
EVALUATED_ROUNDS = {1, 5, 10, 20, 50}
STARTED = time.perf_counter()


def _idx(name):
    directory = os.environ.get("FLUXION_DATA", os.path.expanduser("~/.cache/fluxion"))
    for folder in (directory, os.path.join(directory, "mnist")):
        for suffix, opener in (("", open), (".gz", gzip.open)):
            path = os.path.join(folder, name + suffix)
            if os.path.exists(path):
                with opener(path, "rb") as file:
                    raw = file.read()
                shape = struct.unpack(">" + "I" * raw[3], raw[4 : 4 + 4 * raw[3]])
                return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(shape)
    sys.exit(f"MNIST is not in {directory}: run 'fluxion data fetch mnist' or set FLUXION_DATA")


def load():
    """Training images [60000, 784] in 0...1 and labels, test images and labels."""
    pixels = lambda a: a.reshape(len(a), 784).astype(np.float32) / np.float32(255)
    return (
        pixels(_idx("train-images-idx3-ubyte")), _idx("train-labels-idx1-ubyte").astype(np.int64),
        pixels(_idx("t10k-images-idx3-ubyte")), _idx("t10k-labels-idx1-ubyte").astype(np.int64),
    )


def split(workload, labels, rounds):
    """Example indices [parties, per party], and the cohort of each round [rounds, cohort]."""
    parties, cohort, partition, *_ = WORKLOADS[workload]
    rng = np.random.default_rng(20240601)
    per_party = len(labels) // parties
    if partition == "iid":
        indices = rng.permutation(len(labels)).reshape(parties, -1)
    elif partition == "shards":
        shards = np.argsort(labels, kind="stable").reshape(2 * parties, -1)
        order = rng.permutation(2 * parties)
        indices = np.stack([np.concatenate(shards[order[2 * k : 2 * k + 2]]) for k in range(parties)])
    else:
        indices = _dirichlet(rng, labels, parties, per_party, float(partition.split(":")[1]))
    cohorts = [
        np.arange(parties) if cohort == parties else np.sort(rng.choice(parties, cohort, replace=False))
        for _ in range(rounds)
    ]
    return indices.astype(np.int32), np.stack(cohorts).astype(np.int32)


def _dirichlet(rng, labels, parties, per_party, alpha):
    """Equal-sized parties whose label mixtures are Dirichlet; every example is used once."""
    pools = [list(rng.permutation(np.where(labels == k)[0])) for k in range(10)]
    rows = []
    for _ in range(parties):
        mixture, chosen = rng.dirichlet([alpha] * 10), []
        while len(chosen) < per_party:
            weights = np.array([mixture[k] if pools[k] else 0 for k in range(10)])
            if weights.sum() <= 1e-12:
                weights = np.array([float(len(pool)) for pool in pools])
            counts = rng.multinomial(per_party - len(chosen), weights / weights.sum())
            for k in range(10):
                taken = min(counts[k], len(pools[k]))
                chosen += pools[k][:taken]
                del pools[k][:taken]
        rows.append(rng.permutation(np.array(chosen)))
    return np.stack(rows)


class Clock:
    """Seconds of each round; the first is reported apart, since it warms up."""

    def __init__(self):
        self.seconds = []

    def start(self):
        self.started = time.perf_counter()

    def stop(self):
        self.seconds.append(time.perf_counter() - self.started)
        if len(self.seconds) == 1:
            print(f"COLD {time.perf_counter() - STARTED:.3f}", flush=True)

    def report(self, cohort):
        steady = self.seconds[1:] or self.seconds
        print(
            f"RESULT median {statistics.median(steady):.6f} best {min(steady):.6f} rounds {len(steady)} "
            f"clients/s {cohort / min(steady):.1f}",
            flush=True,
        )


def accuracy_line(round_number, accuracy):
    print(f"ACCURACY {round_number} {accuracy:.4f}", flush=True)
