"""FedAvg in Flower's simulation (Ray). usage: flower_fedavg.py WORKLOAD ROUNDS"""
import os
import sys

os.environ.update(FLWR_TELEMETRY_ENABLED="0", RAY_USAGE_STATS_ENABLED="0")
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
os.environ["PYTHONPATH"] = HERE
if len(sys.argv) > 2:
    os.environ["FEDAVG_WORKLOAD"], os.environ["FEDAVG_ROUNDS"] = sys.argv[1], sys.argv[2]

from flwr.app import ArrayRecord
from flwr.serverapp import ServerApp
from flwr.serverapp.strategy import FedAvg
from flwr.simulation import run_simulation

from flower_client import app as client_app, accuracy, make
from workloads import EVALUATED_ROUNDS, WORKLOADS, Clock, accuracy_line

workload, rounds = os.environ["FEDAVG_WORKLOAD"], int(os.environ["FEDAVG_ROUNDS"])
parties, cohort_size, *_ = WORKLOADS[workload]


class Timed(FedAvg):
    clock = Clock()

    def configure_train(self, server_round, arrays, config, grid):
        self.clock.start()
        return super().configure_train(server_round, arrays, config, grid)

    def aggregate_train(self, server_round, replies):
        result = super().aggregate_train(server_round, list(replies))
        self.clock.stop()
        if server_round in EVALUATED_ROUNDS or server_round == rounds:
            model = make()
            model.load_state_dict(result[0].to_torch_state_dict())
            accuracy_line(server_round, accuracy(model))
        return result


server_app = ServerApp()


@server_app.main()
def main(grid, context):
    strategy = Timed(
        fraction_train=cohort_size / parties, fraction_evaluate=0.0, min_train_nodes=cohort_size,
        min_available_nodes=parties)
    strategy.start(grid=grid, initial_arrays=ArrayRecord(make().state_dict()), num_rounds=rounds)
    strategy.clock.report(cohort_size)


if __name__ == "__main__":
    run_simulation(
        server_app=server_app, client_app=client_app, num_supernodes=parties,
        backend_config={
            "client_resources": {"num_cpus": 1, "num_gpus": 0.0},
            "init_args": {"num_cpus": 2, "include_dashboard": False, "logging_level": 40, "log_to_driver": False},
        })
