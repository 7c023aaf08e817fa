"""FedAvg by hand in PyTorch: two processes, plain SGD by hand, channels last for the CNN.

usage: torch_fedavg.py WORKLOAD ROUNDS [PROCESSES]
"""
import multiprocessing
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from workloads import EVALUATED_ROUNDS, WORKLOADS, Clock, accuracy_line, load, split

workload, rounds = sys.argv[1], int(sys.argv[2])
processes = int(sys.argv[3]) if len(sys.argv) > 3 else 2
_, cohort_size, _, model_name, batch_size, learning_rate = WORKLOADS[workload]
train_x, train_y, test_x, test_y = map(torch.from_numpy, load())
indices, cohorts = split(workload, train_y.numpy(), rounds)
indices = torch.from_numpy(indices).long()


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 5, padding=2), nn.Conv2d(32, 64, 5, padding=2)
        self.dense1, self.dense2 = nn.Linear(3136, 512), nn.Linear(512, 10)

    def forward(self, x):
        x = x.view(-1, 1, 28, 28)
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.dense2(F.relu(self.dense1(x.flatten(1))))


def make():
    torch.manual_seed(0)
    if model_name == "cnn":
        return CNN().to(memory_format=torch.channels_last)
    if model_name == "mlp":
        return nn.Sequential(
            nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 200), nn.ReLU(), nn.Linear(200, 10))
    return nn.Linear(784, 10)


def train(model, x, y):
    parameters, order = list(model.parameters()), torch.randperm(len(y))
    for start in range(0, len(y), batch_size):
        batch = order[start : start + batch_size]
        gradients = torch.autograd.grad(F.cross_entropy(model(x[batch]), y[batch]), parameters)
        with torch.no_grad():
            torch._foreach_add_(parameters, gradients, alpha=-learning_rate)


@torch.no_grad()
def accuracy(model):
    hits = sum((model(test_x[i : i + 500]).argmax(1) == test_y[i : i + 500]).sum() for i in range(0, 10000, 500))
    return float(hits) / 10000


def views(flat, like):
    result, offset = [], 0
    for parameter in like:
        result.append(flat[offset : offset + parameter.numel()].view(parameter.shape))
        offset += parameter.numel()
    return result


def main():
    context = multiprocessing.get_context("fork")
    torch.set_num_threads(1)
    model = make()
    parameters = list(model.parameters())
    total = sum(p.numel() for p in parameters)
    current = torch.zeros(total).share_memory_()
    current.copy_(torch.cat([p.detach().reshape(-1) for p in parameters]))
    sums = torch.zeros(processes, total).share_memory_()
    taken, round_index = context.Value("i", 0), context.Value("i", 0)
    go, done = context.Barrier(processes + 1), context.Barrier(processes + 1)

    def work(process):
        torch.set_num_threads(1)
        torch.manual_seed(100 + process)
        own = make()
        start, total_of_own = views(current, parameters), views(sums[process], parameters)
        while True:
            go.wait()
            if round_index.value < 0:
                return
            sums[process].zero_()
            cohort = cohorts[round_index.value]
            while True:
                with taken.get_lock():
                    position = taken.value
                    taken.value += 1
                if position >= len(cohort):
                    break
                with torch.no_grad():
                    for p, q in zip(own.parameters(), start):
                        p.copy_(q)
                examples = indices[cohort[position]]
                train(own, train_x[examples], train_y[examples])
                with torch.no_grad():
                    torch._foreach_add_(total_of_own, list(own.parameters()), alpha=1 / len(cohort))
            done.wait()

    for process in range(processes):
        context.Process(target=work, args=(process,), daemon=True).start()
    clock = Clock()
    for round_number in range(rounds):
        clock.start()
        round_index.value, taken.value = round_number, 0
        go.wait()
        done.wait()
        torch.sum(sums, 0, out=current)
        clock.stop()
        if round_number + 1 in EVALUATED_ROUNDS or round_number + 1 == rounds:
            with torch.no_grad():
                for p, q in zip(parameters, views(current, parameters)):
                    p.copy_(q)
            accuracy_line(round_number + 1, accuracy(model))
    round_index.value = -1
    go.wait()
    clock.report(cohort_size)


main()
