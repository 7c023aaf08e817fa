"""FedAvg in pfl-research. usage: torchrun --nproc_per_node 2 --master_addr 127.0.0.1 pfl_fedavg.py WORKLOAD ROUNDS"""
import itertools
import sys

import numpy as np
import torch
import torch.nn.functional as F
from pfl.aggregate.simulate import SimulatedBackend
from pfl.aggregate.weighting import WeightByUser
from pfl.algorithm.base import NNAlgorithmParams
from pfl.algorithm.federated_averaging import FederatedAveraging
from pfl.callback.base import TrainingProcessCallback
from pfl.data.dataset import Dataset
from pfl.data.federated_dataset import FederatedDataset
from pfl.hyperparam import NNTrainHyperParams
from pfl.internal.ops.selector import get_framework_module
from pfl.metrics import Metrics, Weighted
from pfl.model.pytorch import PyTorchModel
from torch import nn

from workloads import EVALUATED_ROUNDS, WORKLOADS, Clock, accuracy_line, load, split

workload, rounds = sys.argv[1], int(sys.argv[2])
_, cohort_size, _, model_name, batch_size, learning_rate = WORKLOADS[workload]
torch.set_num_threads(1)
torch.manual_seed(0)
np.random.seed(0)
train_x, train_y, test_x, test_y = map(torch.from_numpy, load())
indices, cohorts = split(workload, train_y.numpy(), rounds)
indices = torch.from_numpy(indices).long()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        if model_name == "cnn":
            self.body = nn.Sequential(
                nn.Unflatten(1, (1, 28, 28)), nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                nn.Linear(3136, 512), nn.ReLU(), nn.Linear(512, 10))
        elif model_name == "mlp":
            self.body = nn.Sequential(
                nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 200), nn.ReLU(), nn.Linear(200, 10))
        else:
            self.body = nn.Linear(784, 10)

    def forward(self, x):
        return self.body(x)

    def loss(self, x, y, eval=False):
        self.train()
        return F.cross_entropy(self(x), y)

    def metrics(self, x, y, eval=False):
        return {"loss": Weighted(0, 1)}


net = Net()
model = PyTorchModel(net, torch.optim.SGD, torch.optim.SGD(net.parameters(), lr=1.0))
is_first = get_framework_module().distributed.global_rank == 0
users = itertools.cycle(cohorts.reshape(-1).tolist())


def dataset_of(user):
    shuffled = indices[user][torch.randperm(indices.shape[1])]
    return Dataset([train_x[shuffled], train_y[shuffled]], user_id=str(user))


class Rounds(TrainingProcessCallback):
    def on_train_begin(self, *, model):
        self.clock = Clock()
        self.clock.start()
        return Metrics()

    def after_central_iteration(self, aggregate_metrics, model, *, central_iteration):
        self.clock.stop()
        done = len(self.clock.seconds)
        if is_first and (done in EVALUATED_ROUNDS or done == rounds):
            net.eval()
            with torch.no_grad():
                hits = sum((net(test_x[i : i + 500]).argmax(1) == test_y[i : i + 500]).sum() for i in range(0, 10000, 500))
            accuracy_line(done, float(hits) / 10000)
        self.clock.start()
        return False, Metrics()


data = FederatedDataset(dataset_of, lambda: next(users))
callback = Rounds()
FederatedAveraging().run(
    backend=SimulatedBackend(data, data, postprocessors=[WeightByUser()]), model=model,
    algorithm_params=NNAlgorithmParams(
        central_num_iterations=rounds, evaluation_frequency=10**6, train_cohort_size=cohort_size, val_cohort_size=0),
    model_train_params=NNTrainHyperParams(
        local_num_epochs=1, local_learning_rate=learning_rate, local_batch_size=batch_size),
    callbacks=[callback], send_metrics_to_platform=False)
if is_first:
    callback.clock.report(cohort_size)
