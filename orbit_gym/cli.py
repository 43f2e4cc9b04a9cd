"""Command line: ``python -m orbit_gym describe --scenario Ring12``, ``python -m orbit_gym list`` and ``... tables``.

Users' mistakes end as one line "error: ..." and exit code 2, never as a traceback.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterable

import tyro
from rich.console import Console
from rich.table import Table

from orbit_gym import catalogue
from orbit_gym.docs_tables import tables
from orbit_gym.loads import Loads, measure_loads
from orbit_gym.scenario import Constellation, Scenario
from orbit_gym.tasks import MODEL_BYTES, TASK_CLASSES
from orbit_gym.world import DOWNLINK, FIBRE, LASER, UPLINK, USER_DOWN, USER_UP, World
from orbit_gym.worlds import get_arrivals

USER_ERRORS = (ValueError, OSError)


def fail_cleanly(main: Callable[[], object]) -> None:
    """Run a command: its user errors become one line on stderr and exit code 2, Ctrl-C exit code 130."""
    try:
        main()
    except BrokenPipeError:  # the reader, like head, went away
        sys.stderr.close()
        sys.exit(1)
    except USER_ERRORS as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)


def list_scenarios() -> None:
    """Print every catalogue scenario with its description."""
    table = Table("scenario", "id", "description", box=None)
    for name in catalogue.scenario_names():
        identifier = f"OrbitGym/{name}-v0" if name in catalogue.REGISTERED else f"scenario={name!r}"
        table.add_row(name, identifier, catalogue.load_scenario(name).description)
    _print(table)


def describe(scenario: str = "ThreeBody12", graph: bool = True) -> None:
    """Print what a scenario holds.

    Args:
        scenario: a catalogue name, or a path ending in .toml
        graph: also compile the first training day (some seconds) and print its graph and its load, by time and by energy
    """
    loaded = catalogue.load_scenario(scenario)
    arrivals = get_arrivals(loaded, 1) if graph else None  # first, so that a scenario that cannot be flown prints only its error
    loads = measure_loads(arrivals, loaded.workload) if arrivals and not loaded.workload.script else None
    print(f"{loaded.name}: {loaded.description}".rstrip(": "))
    _print(facts_table(loaded))
    _print(class_table(loaded))
    if arrivals:
        print(graph_text(arrivals.world))
    if loads:
        _print(load_table(loads))
        _print(feasible_table(loads))


def graph_text(world: World) -> str:
    """Nodes, edges and contacts of the first training day."""
    kinds = Counter(world.edges["kind"].tolist())
    named = {"laser": LASER, "downlink": DOWNLINK, "uplink": UPLINK, "user up": USER_UP, "user down": USER_DOWN, "fibre": FIBRE}
    edges = ", ".join(f"{kinds[kind]} {name}" for name, kind in named.items() if kinds[kind])
    return f" graph of day 1: {len(world.edge_offsets) - 1} nodes, {len(world.edges)} edges ({edges}), {len(world.contacts)} contacts"


def facts_table(scenario: Scenario) -> Table:
    """Two columns: what the scenario holds, section by section."""
    rows = {
        "epoch": f"{scenario.epoch_utc} UTC, episode {scenario.episode_s:g} s, look-ahead {scenario.look_ahead_s:g} s",
        "satellites": satellites_text(scenario.constellation),
        "lasers": f"{scenario.lasers.terminals} a satellite, {_join(rate / 1e9 for rate in scenario.lasers.mode_rate_bps)} Gbit/s "
        f"up to {_join(reach / 1e3 for reach in scenario.lasers.mode_range_m)} km",
        "stations": ", ".join(f"{item.name} ({item.latitude_deg:.2f}, {item.longitude_deg:.2f})" for item in scenario.stations) or "none",
        "datacentres": ", ".join(f"{item.name} ({item.accelerator_count} accelerators)" for item in scenario.datacentres) or "none",
        "users": f"{len(scenario.users.sites)} sites, {scenario.users.up_bps / 1e6:g} Mbit/s up, {scenario.users.down_bps / 1e6:g} down",
        "accelerator": accelerator_text(scenario),
        "energy": f"array {scenario.power.solar_w:g} W, compute {scenario.power.compute_idle_w:g} to {scenario.power.compute_full_w:g} W, "
        f"battery {scenario.power.battery_j / 3600:g} Wh, of which {scenario.power.depth_of_discharge_fraction:.0%} may be used",
        "candidates": f"the {scenario.candidates:d} nearest satellites and every datacentre"
        if scenario.candidates
        else "every satellite and datacentre",
        "load": f"{scenario.workload.load:g}" if not scenario.workload.script else f"{len(scenario.workload.script)} tasks typed by hand",
    }
    table = Table(show_header=False, box=None)
    for name, text in rows.items():
        table.add_row(name, text)
    return table


def load_table(loads: Loads) -> Table:
    """Two columns: what limits the satellites and what is asked of them, on the first training day."""
    rows = {
        "capacity by time": f"{loads.time_capacity_node_s:.2f} node-seconds a second",
        "capacity by energy": f"{loads.energy_capacity_node_s:.2f}; the satellite with least spare power computes "
        f"{loads.least_duty_fraction:.0%} of the time",
        "offered": f"{loads.offered_node_s:.2f}: load {loads.load_by_time:.2f} by time, {loads.load_by_energy:.2f} by energy "
        "(feasible tasks only)",
        "released": f"{loads.tasks_per_s:.3f} tasks a second, feasible or not",
        "coverage": f"a user site sees a satellite {loads.user_coverage_fraction:.1%} of the time",
        "raw data": f"observation bits are {loads.raw_over_antenna:.1f} times what the station antennas could bring down",
    }
    table = Table(show_header=False, box=None)
    for name, text in rows.items():
        table.add_row(name, text)
    return table


def feasible_table(loads: Loads) -> Table:
    """One row per task class: its service and the share that could be delivered in time on an idle system."""
    table = Table("task class", "node-seconds each", "feasible when relaxed", box=None)
    for name, item in loads.classes.items():
        table.add_row(name, f"{item.node_s:.3g}", f"{item.feasible_fraction:.0%}")
    return table


def satellites_text(constellation: Constellation) -> str:
    """How many satellites of which origin; those of files are not counted here."""
    parts = []
    if constellation.satellites:
        parts.append(f"{len(constellation.satellites)} by their elements")
    for shell in constellation.shells:
        shape = f"{shell.planes} x {shell.per_plane}" if shell.planes > 1 else f"{shell.per_plane}"
        speed = f", {shell.peak_op_per_s / 1e12:g} TOPS" if shell.peak_op_per_s else ""
        parts.append(f"{shape} at {shell.altitude_m / 1e3:g} km, {shell.inclination_deg:g} deg{speed}")
    parts += [f"those of {path}" for path in (constellation.tle_file, constellation.omm_file) if path]
    return "; ".join(parts)


def accelerator_text(scenario: Scenario) -> str:
    """Peak speeds, memory and lanes of a satellite's accelerator."""
    peaks = Counter(scenario.peak_op_per_s_each or (scenario.accelerator.peak_op_per_s,))
    speeds = ", ".join(f"{count} x {peak / 1e12:g}" if len(peaks) > 1 else f"{peak / 1e12:g}" for peak, count in peaks.items())
    item = scenario.accelerator
    return f"{speeds} TOPS, {item.memory_bytes / 1e9:g} GB for weights, {item.bandwidth_bytes_per_s / 1e9:g} GB/s, {item.lanes:d} lanes"


def class_table(scenario: Scenario) -> Table:
    """One row per task class: share, slack, value, data, model."""
    work = scenario.workload
    counts = Counter(task.task_class for task in work.script)
    total = sum(work.mix.values())
    table = Table("task class", "share", "slack s", "value", "input", "result", "model", box=None)
    for name in counts if work.script else [key for key, share in work.mix.items() if share > 0.0]:
        item = TASK_CLASSES[name]
        low_s, high_s = (slack * work.slack_scale.get(name, 1.0) for slack in item.slack_s)
        share = f"{counts[name]} tasks" if work.script else f"{work.mix[name] / total:.0%}"
        slack = f"{low_s:g}" if low_s == high_s else f"{low_s:g}-{high_s:g}"
        model = f"{item.model} ({MODEL_BYTES[item.model] / 1e9:g} GB)"
        table.add_row(name, share, slack, f"{item.value:g}", bits_text(item.input_bits), bits_text(item.result_bits), model)
    return table


def bits_text(bits: float) -> str:
    """A size in bits with the prefix that reads best."""
    for factor, unit in ((1e9, "Gbit"), (1e6, "Mbit"), (1e3, "kbit")):
        if bits >= factor:
            return f"{bits / factor:g} {unit}"
    return f"{bits:g} bit"


def _join(values: Iterable[float]) -> str:
    return "/".join(f"{value:g}" for value in values)


def _print(table: Table) -> None:
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=200)  # a file or pipe: no wrapping
    console.print(table)


def main() -> None:
    """Entry point of the command ``orbit-gym`` and of ``python -m orbit_gym``."""
    commands = {"describe": describe, "list": list_scenarios, "tables": tables}
    fail_cleanly(lambda: tyro.extras.subcommand_cli_from_dict(commands, prog="orbit-gym", description="Scenarios and tables of OrbitGym."))
