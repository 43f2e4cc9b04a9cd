"""An upper bound on what any policy can deliver in an episode, by a mixed-integer relaxation
(``python -m agents.bounds.milp``).

Kept of the problem: where a task can run, from when (its input on idle calendars) and until when
(its result still in time on idle calendars), lane-seconds of every accelerator in every interval of
a grid (work that must lie inside by energetic reasoning), and the first load of each model that is
not in memory at the start. Left out: queues on links, evictions and later loads, energy, heat,
faults, and the order in which decisions are made. Each of these only takes value away, so the
optimum bounds every policy.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from agents.bounds.service_windows import windows
from agents.envs.episode_runner import play
from agents.envs.problem import Problem
from agents.evaluation.load_policy import load_policy, parse
from agents.experimental_protocol import TUNING_SEEDS
from agents.policies.planner.workspace import decided_part
from orbit_gym.kernels.accelerator.service import load_s, service_s
from orbit_gym.kernels.state import NONE, new_scratch
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.utils.errors import fail_cleanly
from orbit_gym.world.nodes import accelerators_of

GRID = 12  # instants of the grid on either side of the intervals


@dataclass(frozen=True)
class Choices:
    """Every way to serve a task in time, one row each."""

    task: np.ndarray  # (n,) index
    node: np.ndarray  # (n,) graph node
    model: np.ndarray  # (n,)
    value: np.ndarray  # (n,)
    ready_s: np.ndarray  # (n,)
    last_s: np.ndarray  # (n,)
    service_s: np.ndarray  # (n,)
    share: np.ndarray  # (n,) of the accelerator's lanes


def choices(simulation: Simulation) -> Choices:
    """All (task, node) pairs that the relaxed system delivers in time."""
    world, tasks = simulation.world, decided_part(simulation.episode).tasks
    shape = (tasks.size, simulation.state.candidates.size)
    nodes, ready_s, last_s = np.full(shape, NONE, np.int32), np.zeros(shape), np.zeros(shape)
    windows(world, simulation.state, new_scratch(world), tasks, nodes, ready_s, last_s)
    task, row = np.nonzero(~np.isnan(last_s))
    node = nodes[task, row]
    units = [accelerators_of(world, n)[0] for n in node]
    return Choices(
        task=task,
        node=node,
        model=tasks["model"][task],
        value=tasks["value"][task],
        ready_s=ready_s[task, row],
        last_s=last_s[task, row],
        service_s=np.array([service_s(world, tasks, t, u) for t, u in zip(task, units)]),
        share=np.where(tasks["one_lane"][task] == 1, 1.0 / world.accelerators["lanes"][units], 1.0)
        if task.size
        else np.zeros(0),
    )


def least_inside_s(ways: Choices, from_s: float, until_s: float) -> np.ndarray:
    """Return the lane-seconds / lanes (n,) of each choice that lie in an interval at least.

    Wherever its service is put (energetic reasoning).
    """
    after_start_s = ways.ready_s + ways.service_s - from_s
    late = until_s - (ways.last_s - ways.service_s)
    inside_s = np.minimum(
        np.minimum(after_start_s, late), np.minimum(ways.service_s, until_s - from_s)
    )
    return ways.share * np.clip(inside_s, 0.0, None)


class Program:
    """The relaxation, built row by row."""

    def __init__(self, ways: Choices) -> None:
        """Begin with one variable a choice, and each task served once."""
        self.cost: list[float] = (-ways.value).tolist()
        self.entries: list[tuple[np.ndarray, np.ndarray]] = []  # columns, coefficients
        self.limits: list[float] = []
        for task in np.unique(ways.task):
            columns = np.flatnonzero(ways.task == task)
            self.add(columns, np.ones(columns.size), 1.0)

    def variable(self) -> int:
        """A new 0-1 variable without value."""
        self.cost.append(0.0)
        return len(self.cost) - 1

    def add(self, columns: np.ndarray, coefficients: np.ndarray, limit: float) -> None:
        """One row: sum of coefficients times variables is at most `most`."""
        self.entries.append((columns, coefficients))
        self.limits.append(limit)

    def solve(self, integral: bool, limit_s: float) -> float:
        """Return the value that no policy exceeds.

        The optimum, or the solver's own bound where time runs out.
        """
        if not self.cost:
            return 0.0
        rows = np.repeat(
            np.arange(len(self.entries)), [columns.size for columns, _ in self.entries]
        )
        columns, coefficients = (np.concatenate(parts) for parts in zip(*self.entries))
        matrix = coo_array(
            (coefficients, (rows, columns)), shape=(len(self.entries), len(self.cost))
        ).tocsr()
        solution = milp(
            np.array(self.cost),
            constraints=LinearConstraint(matrix, ub=np.array(self.limits)),
            bounds=Bounds(0.0, 1.0),
            integrality=np.full(len(self.cost), int(integral)),
            options={"time_limit": limit_s},
        )
        bound = (
            solution.mip_dual_bound
            if integral
            else (solution.fun if solution.status == 0 else None)
        )
        return min(float(-bound), float("inf")) if bound is not None else float("inf")


def relaxation(simulation: Simulation) -> Program:
    """The program of an episode from its start."""
    ways = choices(simulation)
    program = Program(ways)
    start_s = float(simulation.episode.span_s[0])
    for node in np.unique(ways.node):
        of_node = np.flatnonzero(ways.node == node)
        _add_capacity(program, simulation, ways, of_node, int(node), start_s)
    return program


def _add_capacity(
    program: Program,
    simulation: Simulation,
    ways: Choices,
    of_node: np.ndarray,
    node: int,
    start_s: float,
) -> None:
    """Lane-seconds of one node in every interval of its grid.

    Those from the start on hold the first loads too.
    """
    node_ways = Choices(*(getattr(ways, name)[of_node] for name in Choices.__dataclass_fields__))
    unit, end = accelerators_of(simulation.world, node)
    count = end - unit
    begins_s = [start_s, *_instants(node_ways.ready_s)]
    for until_s in _instants(node_ways.last_s):
        loads, seconds = (
            _first_loads(program, simulation, node_ways, of_node, unit, until_s)
            if count == 1
            else ([], [])
        )
        for from_s in begins_s:
            if until_s <= from_s:
                continue
            inside_s = least_inside_s(node_ways, from_s, until_s)
            is_used = inside_s > 0.0
            columns, coefficients = of_node[is_used], inside_s[is_used]
            if from_s == start_s:
                columns, coefficients = (
                    np.append(columns, loads).astype(np.int64),
                    np.append(coefficients, seconds),
                )
            if coefficients.sum() > count * (until_s - from_s):
                program.add(columns, coefficients, count * (until_s - from_s))


def _instants(times_s: np.ndarray) -> np.ndarray:
    """A grid of at most GRID of these times, the extremes among them."""
    return np.unique(np.quantile(times_s, np.linspace(0.0, 1.0, GRID), method="nearest"))


def _first_loads(
    program: Program,
    simulation: Simulation,
    node_ways: Choices,
    of_node: np.ndarray,
    unit: int,
    until_s: float,
) -> tuple[list[int], list[float]]:
    """Return variables and seconds of the loads that must have happened by until_s.

    If any task of their model has ended by then.
    """
    resident = int(simulation.episode.initial_resident[unit])
    columns, seconds = [], []
    for model in np.unique(node_ways.model):
        needs = of_node[(node_ways.model == model) & (node_ways.last_s <= until_s)]
        if resident >> int(model) & 1 or not needs.size:
            continue
        column = program.variable()
        for choice in needs:
            program.add(np.array([choice, column]), np.array([1.0, -1.0]), 0.0)
        columns.append(column)
        seconds.append(load_s(simulation.world, unit, int(model)))
    return columns, seconds


@dataclass(frozen=True)
class Comparison:
    """Compare the bound with what policies reach on the same episodes."""

    scenario: str = "ThreeBody12"
    """Catalogue name, path to a TOML file, or a registered id of OrbitGym."""
    seeds: int = 1
    """Number of episodes."""
    first_seed: int = TUNING_SEEDS.start
    """Seed of the first episode; the others follow."""
    split: Literal["train", "validation"] = "train"
    """Days that episodes are drawn from."""
    policies: tuple[str, ...] = ("eft_admit", "clairvoyant")
    """Names of policies to play beside it."""
    limit_s: float = 60.0
    """Seconds that the solver may take for each integer program.

    Its bound holds whenever it stops.
    """
    overrides: dict[str, float] = field(default_factory=dict)
    """Changes of the scenario, such as episode_s 300 workload.load 3."""


def compare(options: Comparison) -> list[dict[str, float]]:
    """Return one row per episode.

    Relaxed value, linear and integer bound, and what each policy delivers.
    """
    if options.seeds < 1 or options.limit_s <= 0.0:
        raise ValueError(
            f"--seeds must be at least 1 and --limit-s positive, got {options.seeds} and "
            f"{options.limit_s}"
        )
    specs = [parse(name) for name in options.policies]
    problem = Problem(options.scenario, options.split, options.overrides)
    envs = problem.make_batch(1)
    if envs is None:
        raise ValueError(
            f"--scenario {options.scenario} is not one of OrbitGym's own: its bound cannot be "
            "computed"
        )
    rows = []
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        envs.reset(seed=[seed])
        simulation = envs.simulation(0)
        program, tasks = relaxation(simulation), decided_part(simulation.episode).tasks
        row = {
            "seed": float(seed),
            "tasks": float(tasks.size),
            "relaxed": float(tasks["value"][simulation.relaxed_on_time()].sum()),
        }
        row |= {
            "linear": program.solve(False, options.limit_s),
            "integer": program.solve(True, options.limit_s),
        }
        row |= {
            spec.name: play(envs, load_policy(spec, envs), [seed])[0]["delivered_value"]
            for spec in specs
        }
        rows.append(row)
    return rows


def print_comparison(options: Comparison, rows: list[dict[str, float]]) -> None:
    """Print values, and the bound's distance from the best policy."""
    changes = ", ".join(f"{name} {value:g}" for name, value in options.overrides.items())
    table = Table(
        title=f"value delivered in time: {options.scenario} {changes}; linear and integer bound "
        "every policy",
        box=None,
    )
    for name in (*rows[0], "bound above best"):
        table.add_column(name, justify="right")
    for row in rows:
        bound, best = (
            min(row["linear"], row["integer"]),
            max(row[name] for name in options.policies),
        )
        table.add_row(
            *(
                f"{value:,.1f}" if name not in ("seed", "tasks") else f"{value:.0f}"
                for name, value in row.items()
            ),
            f"{bound / best - 1.0:.1%}",
        )
    Console(width=140).print(table)


def main() -> None:
    """Command line."""
    options = tyro.cli(Comparison)
    fail_cleanly(lambda: print_comparison(options, compare(options)))


if __name__ == "__main__":
    main()
