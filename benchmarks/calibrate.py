"""Is a scenario neither trivial nor hopeless? python -m benchmarks.calibrate ThreeBody12 Ring12
prints the conditions.

Tuning seeds on the training days only (from 1,000,000). What may be tuned to meet them: load, slack
and model mix.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import tyro

from agents.envs.episode_runner import play
from agents.envs.problem import Problem
from agents.experimental_protocol import TUNING_SEEDS
from agents.policies.heuristics import make_heuristic
from orbit_gym.scenario.scenario import Workload
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.utils.errors import fail_cleanly
from orbit_gym.vector import OrbitVectorEnv
from orbit_gym.views.describe.offered_loads import measure_loads
from orbit_gym.workload.arrivals import Arrivals
from orbit_gym.workload.day_cache import get_arrivals
from orbit_gym.workload.load_accounting import energy_duty_cycle
from orbit_gym.world.nodes import n_satellites

COLUMNS = (
    ("n_late", "12.0f"),
    ("n_rejected", "12.0f"),
    ("n_released", "12.0f"),
    ("value_on_satellites_fraction", "12.2f"),
    ("value_on_ground_fraction", "12.2f"),
    ("utilisation_fraction", "12.2f"),
    ("laser_utilisation_max_fraction", "12.3f"),
    ("link_events", "12.0f"),
    ("model_loads_per_hour", "12.0f"),
    ("minimum_charge_fraction", "12.3f"),
    ("plans_lost", "12.0f"),
)
POLICIES = ("random", "eft", "eft_admit", "model_affinity", "always_ground", "never_ground")


@dataclass(frozen=True)
class Options:
    """Print what follows from scenarios, and what policies reach on them."""

    scenarios: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Catalogue names or .toml files."""
    episodes: int = 6
    """Training episodes that each policy plays."""
    load: float = 1.0
    """Their workload.load."""
    policies: tuple[str, ...] = POLICIES
    """Names as for agents.evaluate."""


def describe(arrivals: Arrivals, workload: Workload) -> None:
    """Print what follows from the scenario alone."""
    loads = measure_loads(arrivals, workload)
    duties = energy_duty_cycle(arrivals.world)
    print(f"\n== {arrivals.scenario.name}, load {workload.load:g}, training day 1")
    print(
        f"energy duty {duties.min():.2f} to {duties.max():.2f}; available {duties.sum():.2f} "
        f"node-s/s of {duties.size} by time"
    )
    print(
        f"a user sees a satellite {loads.user_coverage_fraction:.1%} of the time; released "
        f"{loads.tasks_per_s:.3f} tasks/s on average"
    )
    print(
        f"raw observation bits / bits the antennas could bring down: {loads.raw_over_antenna:.1f}"
    )
    for name, load in loads.classes.items():
        print(
            f"  {name:20s} {load.node_s:6.2f} node-s, feasible when relaxed "
            f"{load.feasible_fraction:.0%}"
        )


def steady_charge(simulation: Simulation) -> np.ndarray:
    """Charge of each satellite now, fraction of capacity."""
    n_flying = n_satellites(simulation.world)
    return (
        simulation.state.units["charge_j"][:n_flying]
        / simulation.world.accelerators["capacity_j"][:n_flying]
    )


def run(name: str, options: Options) -> None:
    """Print the conditions of one scenario."""
    overrides = {"workload.load": options.load}
    envs = Problem(name, "train", overrides).make_envs(options.episodes)
    assert isinstance(envs, OrbitVectorEnv)
    scenario = envs.scenario
    describe(get_arrivals(scenario, 1), scenario.workload)
    seeds = TUNING_SEEDS[: options.episodes]
    print(
        f"{'policy':15s} served +-ci  "
        + " ".join(
            f"{key.removesuffix('_fraction').replace('value_on_', '')[:12]:>12s}"
            for key, _ in COLUMNS
        )
    )
    served_fraction: dict[str, np.ndarray] = {}
    for policy in options.policies:
        rows = play(envs, make_heuristic(policy, TUNING_SEEDS.start), seeds)
        mean = {key: float(np.mean([row[key] for row in rows if key in row])) for key in rows[0]}
        served_fraction[policy] = np.array([row["served_value_fraction"] for row in rows])
        half = (
            2.0 * served_fraction[policy].std(ddof=1) / np.sqrt(len(rows)) if len(rows) > 1 else 0.0
        )
        print(
            f"{policy:15s} {mean['served_value_fraction']:.3f} {half:.3f} "
            + " ".join(f"{mean[key]:{form}}" for key, form in COLUMNS)
        )
        if policy == "eft_admit":
            charge = np.concatenate(
                [steady_charge(envs.simulation(member)) for member in range(envs.num_envs)]
            )
            low, high = np.percentile(charge, [10, 90])
            print(
                f"  charge at the end under eft_admit: 10th percentile {low:.3f}, 90th {high:.3f} "
                "of capacity (initial charge to type)"
            )
            print(f"  infeasible share of value {mean['infeasible_value_fraction']:.3f}; ", end="")
            print(
                ", ".join(
                    f"{key.split('.')[0]} {value:.2f}"
                    for key, value in mean.items()
                    if key.endswith(".served_value_fraction")
                )
            )


def main() -> None:
    """Calibrate each scenario named."""
    options = tyro.cli(Options, description=__doc__)
    for name in options.scenarios:
        run(name, options)


if __name__ == "__main__":
    fail_cleanly(main)
