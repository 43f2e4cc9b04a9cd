"""Is a scenario neither trivial nor hopeless? python -m benchmarks.calibrate ThreeBody12 Ring12 prints the conditions.

Tuning seeds on the training days only (from 1,000,000). What may be tuned to meet them: load, slack and model mix.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import tyro

from agents.environments import make_env
from agents.episodes import play
from agents.heuristics import make_heuristic
from orbit_gym.arrivals import Arrivals
from orbit_gym.cli import fail_cleanly
from orbit_gym.simulation import Simulation
from orbit_gym.units import DAY_S
from orbit_gym.world import DOWNLINK
from orbit_gym.worlds import get_arrivals

FIRST_SEED = 1_000_000
POLICIES = ("random", "eft", "eft_admit", "model_affinity", "always_ground", "never_ground")


@dataclass(frozen=True)
class Options:
    """What to calibrate."""

    scenarios: Annotated[tuple[str, ...], tyro.conf.Positional]
    episodes: int = 6
    load: float = 1.0
    policies: tuple[str, ...] = POLICIES


def antenna_bits(arrivals: Arrivals) -> float:
    """Bits that the station antennas could bring down in a day: time any satellite is in view times rate, antennas one at a time."""
    world = arrivals.world
    n_satellites, n_stations = (int(world.sizes[name][0]) for name in ("n_satellites", "n_stations"))
    edges = world.edges[world.edges["kind"] == DOWNLINK]
    total = 0.0
    for station in range(n_satellites, n_satellites + n_stations):
        up = np.zeros(int(DAY_S), bool)
        rate_bps = 0.0
        for edge in edges[edges["to"] == station]:
            contacts = world.contacts[edge["first_contact"] : edge["end_contact"]]
            rate_bps = float(world.pieces["rate_bps"][contacts["first_piece"][0]])
            for contact in contacts:
                up[int(contact["start_s"]) : int(contact["end_s"])] = True
        total += up.sum() * rate_bps
    return total


def raw_bits(arrivals: Arrivals) -> float:
    """Input bits of the observations (tasks not asked by users) released in a day."""
    workload = arrivals.scenario.workload
    tasks = arrivals.draw_tasks(workload, 0.0, DAY_S, np.random.default_rng(FIRST_SEED))
    observed = tasks["origin"] < int(arrivals.world.sizes["n_satellites"][0])
    return float(tasks["input_bits"][observed].sum())


def describe(arrivals: Arrivals, load: float) -> None:
    """Print what follows from the scenario alone."""
    workload = arrivals.scenario.workload
    print(f"\n== {arrivals.scenario.name}, load {load:g}, training day 1")
    duties = arrivals.duties()
    print(f"energy duty {duties.min():.2f} to {duties.max():.2f}; available {duties.sum():.2f} node-s/s of {duties.size} by time")
    windows = arrivals.user_windows
    seen = (windows[:, 2] - windows[:, 1]).sum() / (len(arrivals.scenario.users.sites) * arrivals.world.sizes["horizon_s"][0])
    print(f"a user sees a satellite {seen:.1%} of the time; released {arrivals.tasks_per_s(workload) * load:.3f} tasks/s on average")
    print(f"raw observation bits / bits the antennas could bring down: {raw_bits(arrivals) * load / antenna_bits(arrivals):.1f}")
    for name, measured in arrivals.class_loads(workload).items():
        print(f"  {name:20s} {measured.node_s:6.2f} node-s, feasible when relaxed {measured.feasible_fraction:.0%}")


def steady_charge(simulation: Simulation) -> np.ndarray:
    """Charge of each satellite now, fraction of capacity."""
    n_satellites = int(simulation.world.sizes["n_satellites"][0])
    return simulation.state.units["charge_j"][:n_satellites] / simulation.world.accelerators["capacity_j"][:n_satellites]


def run(name: str, options: Options) -> None:
    """Print the conditions of one scenario."""
    overrides = {"workload.load": options.load}
    envs = [make_env(name, "train", overrides) for _ in range(options.episodes)]
    scenario = envs[0].unwrapped.scenario  # type: ignore[attr-defined]
    describe(get_arrivals(scenario, 1), 1.0)
    seeds = range(FIRST_SEED, FIRST_SEED + options.episodes)
    print(f"{'policy':15s} served  +-ci   late  rejected  orbit ground  util  laser  events loads/h  min.charge  lost  decisions")
    served: dict[str, np.ndarray] = {}
    for policy in options.policies:
        rows = play(envs, make_heuristic(policy, FIRST_SEED), seeds)
        mean = {key: float(np.mean([row[key] for row in rows if key in row])) for key in rows[0]}
        served[policy] = np.array([row["served_value_fraction"] for row in rows])
        half = 2.0 * served[policy].std(ddof=1) / np.sqrt(len(rows)) if len(rows) > 1 else 0.0
        print(
            f"{policy:15s} {mean['served_value_fraction']:.3f} {half:.3f} {mean['n_late'] / mean['n_released']:6.3f} "
            f"{mean['n_rejected'] / mean['n_released']:8.3f} {mean['value_on_satellites_fraction']:7.2f} {mean['value_on_ground_fraction']:6.2f} "
            f"{mean['utilisation_fraction']:6.2f} {mean['laser_utilisation_max_fraction']:6.3f} {mean['link_events']:6.0f} "
            f"{mean['model_loads_per_hour']:7.0f} {min(row['minimum_charge_fraction'] for row in rows):9.3f} {mean['plans_lost']:7.0f} {mean['n_released']:8.0f}"
        )
        if policy == "eft_admit":
            charge = np.concatenate([steady_charge(env.unwrapped.simulation) for env in envs])  # type: ignore[attr-defined]
            low, high = np.percentile(charge, [10, 90])
            print(f"  charge at the end under eft_admit: 10th percentile {low:.3f}, 90th {high:.3f} of capacity (initial charge to type)")
            print(f"  infeasible share of value {mean['infeasible_value_fraction']:.3f}; ", end="")
            print(", ".join(f"{key.split('.')[0]} {value:.2f}" for key, value in mean.items() if key.endswith(".served_value_fraction")))


def main() -> None:
    """Calibrate each scenario named."""
    options = tyro.cli(Options, description=__doc__)
    for name in options.scenarios:
        run(name, options)


if __name__ == "__main__":
    fail_cleanly(main)
