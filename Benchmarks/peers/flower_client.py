"""The client of flower_fedavg.py; imported in Ray's workers."""
import functools
import os

import torch
import torch.nn.functional as F
from flwr.app import ArrayRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from torch import nn

from workloads import WORKLOADS, load, split

workload, rounds = os.environ["FEDAVG_WORKLOAD"], int(os.environ["FEDAVG_ROUNDS"])
_, _, _, model_name, batch_size, learning_rate = WORKLOADS[workload]
app = ClientApp()


def make():
    torch.manual_seed(0)
    if model_name == "cnn":
        return nn.Sequential(
            nn.Unflatten(1, (1, 28, 28)), nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(3136, 512), nn.ReLU(), nn.Linear(512, 10))
    if model_name == "mlp":
        return nn.Sequential(nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 200), nn.ReLU(), nn.Linear(200, 10))
    return nn.Linear(784, 10)


@functools.cache
def prepared():
    torch.set_num_threads(1)
    train_x, train_y, test_x, test_y = map(torch.from_numpy, load())
    indices, _ = split(workload, train_y.numpy(), rounds)
    return train_x, train_y, test_x, test_y, torch.from_numpy(indices).long(), make()


@torch.no_grad()
def accuracy(model):
    _, _, x, y, _, _ = prepared()
    return float(sum((model(x[i : i + 500]).argmax(1) == y[i : i + 500]).sum() for i in range(0, 10000, 500))) / 10000


@app.train()
def train(message, context):
    x, y, _, _, indices, model = prepared()
    model.load_state_dict(message.content["arrays"].to_torch_state_dict())
    own = indices[int(context.node_config["partition-id"])]
    own = own[torch.randperm(len(own))]
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    for start in range(0, len(own), batch_size):
        batch = own[start : start + batch_size]
        optimizer.zero_grad()
        F.cross_entropy(model(x[batch]), y[batch]).backward()
        optimizer.step()
    metrics = MetricRecord({"num-examples": len(own)})
    return Message(content=RecordDict({"arrays": ArrayRecord(model.state_dict()), "metrics": metrics}), reply_to=message)
