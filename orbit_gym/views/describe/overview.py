"""A scenario in words and tables, for the command line: what was typed, and what follows from it on
the first training day.
"""

import io
import textwrap
from collections import Counter
from collections.abc import Iterable

import numpy as np
from rich.console import Console
from rich.table import Table

from orbit_gym.scenario import loading
from orbit_gym.scenario.models import MODEL_BYTES
from orbit_gym.scenario.scenario import (
    AlertChannel,
    Constellation,
    LaserLinks,
    Power,
    Scenario,
    Station,
    Workload,
)
from orbit_gym.scenario.task_classes import TASK_CLASSES
from orbit_gym.utils.units import DAY_S, HOUR_S, J_PER_WH
from orbit_gym.views.describe.derived_quantities import Derived, derive
from orbit_gym.views.describe.offered_loads import Loads, measure_loads
from orbit_gym.workload.day_cache import get_arrivals
from orbit_gym.workload.splits import split_days
from orbit_gym.world.ephemeris import midnight_of
from orbit_gym.world.layout import DOWNLINK, FIBRE, LASER, UPLINK, USER_DOWN, USER_UP, World

PIPE_WIDTH = 100  # columns where the output is no terminal
UNBROKEN = 1_000  # wide enough for one line a row


def show(table: Table | str, width: int = PIPE_WIDTH) -> None:
    """Print a table as wide as the terminal.

    In a pipe at most width columns, without blanks at the ends of lines.
    """
    if isinstance(table, str):
        print(table)
        return
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(table)
        return
    text = io.StringIO()
    Console(highlight=False, width=width, file=text).print(table)
    print("\n".join(line.rstrip() for line in text.getvalue().splitlines()))


def list_table() -> Table:
    """One row per catalogue scenario."""
    table = _columns("scenario", "id", "description")
    for name in loading.scenario_names():
        identifier = f"OrbitGym/{name}-v0" if name in loading.REGISTERED else f"scenario={name!r}"
        table.add_row(name, identifier, loading.load_scenario(name).description)
    return table


def description(scenario: Scenario, graph: bool) -> list[Table | str]:
    """What describe prints, in order.

    With graph also what follows from the World of the first training day.
    """
    day = split_days("train")[0]
    arrivals = get_arrivals(scenario, day) if graph else None
    loads = (
        measure_loads(arrivals, scenario.workload)
        if arrivals and scenario.workload.has_mix
        else None
    )
    derived = derive(scenario, arrivals.world) if arrivals else None
    title = textwrap.fill(f"{scenario.name}: {scenario.description}".rstrip(": "), PIPE_WIDTH)
    parts: list[Table | str] = [f"{title}\n", _pairs(typed_rows(scenario))]
    parts += ["\nTasks", class_table(scenario)]
    if scenario.stations:
        parts += ["\nStations", station_table(scenario.stations)]
    if arrivals is None or derived is None:
        return parts
    parts.append(f"\nWhat follows, on day {day} ({midnight_of(scenario, day):%Y-%m-%d}, 24 hours)")
    rows = (
        {"graph": graph_text(arrivals.world)}
        | derived_rows(scenario, derived)
        | (load_rows(loads) if loads else {})
    )
    parts.append(_pairs(rows))
    if derived.stations:
        parts += ["\nContact with stations", contact_table(derived)]
    if loads:
        parts += [
            "\nLoad by task class (feasible: deliverable in time on an idle system)",
            load_table(loads),
        ]
    return parts


# --- what was typed


def typed_rows(scenario: Scenario) -> dict[str, str]:
    """What the scenario holds, section by section, but for stations and tasks."""
    users, thermal, work = scenario.users, scenario.thermal, scenario.workload
    return {
        "epoch": f"{scenario.epoch_utc} UTC; episode {scenario.episode_s:g} s, look-ahead "
        f"{scenario.look_ahead_s:g} s",
        "satellites": satellites_text(scenario.constellation),
        "lasers": lasers_text(scenario.lasers),
        "datacentres": "; ".join(
            f"{item.name} ({_count(int(item.accelerator_count), 'accelerator')})"
            for item in scenario.datacentres
        )
        or "none",
        "users": f"{_count(len(users.sites), 'site')} above {users.mask_deg:g} deg, beam "
        f"{users.up_bps / 1e6:g} Mbit/s up, "
        f"{users.down_bps / 1e6:g} down"
        if users.sites
        else "none",
        "alerts": alerts_text(scenario.alerts),
        "accelerator": accelerator_text(scenario),
        "energy": energy_text(scenario.power),
        "heat": f"{thermal.resistance_k_per_w:g} K/W above {thermal.sink_c:g} C, time constant "
        f"{thermal.tau_s:g} s, "
        f"limit {thermal.limit_c:g} C",
        "faults": faults_text(scenario),
        "candidates": f"the {scenario.candidates:d} nearest satellites and every datacentre"
        if scenario.candidates
        else "every satellite and datacentre",
        "load": load_text(work),
    } | (
        {"recordings": "; ".join(item.summary() for item in work.recordings)}
        if work.has_recordings
        else {}
    )


def load_text(work: Workload) -> str:
    """Load of the mix, or number of typed tasks."""
    if work.script:
        return f"{_count(len(work.script), 'task')} typed by hand"
    return f"{work.load:g}" if work.has_mix else "none: no mix, recorded work alone"


def satellites_text(constellation: Constellation) -> str:
    """How many satellites of which origin; those of files are not counted here."""
    parts = []
    if constellation.satellites:
        parts.append(f"{len(constellation.satellites)} by their elements")
    for shell in constellation.shells:
        shape = f"{shell.planes} x {shell.per_plane}" if shell.planes > 1 else f"{shell.per_plane}"
        speed = f", {shell.peak_op_per_s / 1e12:g} TOPS" if shell.peak_op_per_s else ""
        parts.append(
            f"{shape} at {shell.altitude_m / 1e3:g} km, {shell.inclination_deg:g} deg{speed}"
        )
    parts += [
        f"those of {path}"
        for path in (
            constellation.tle_file,
            constellation.omm_file,
            constellation.oem_file,
            *(item.file for item in constellation.orbit_files),
        )
        if path
    ]
    return "; ".join(parts)


def lasers_text(lasers: LaserLinks) -> str:
    """Terminals and rate modes."""
    if lasers.terminals == 0:
        return "none"
    rates = _join(rate / 1e9 for rate in lasers.mode_rate_bps)
    reaches = _join(reach / 1e3 for reach in lasers.mode_range_m)
    return (
        f"{_count(int(lasers.terminals), 'terminal')} a satellite, {rates} Gbit/s up to "
        f"{reaches} km, {lasers.acquisition_s:g} s to acquire"
    )


def alerts_text(alerts: AlertChannel) -> str:
    """The relay's message."""
    if not alerts.enabled:
        return "none"
    delay = f"{alerts.delay_low_s:g} to {alerts.delay_high_s:g} s to the ground"
    return (
        f"messages of up to {bits_text(alerts.message_bits)}, one per {alerts.interval_s:g} s "
        f"and satellite, {delay}"
    )


def accelerator_text(scenario: Scenario) -> str:
    """Peak speeds, memory and lanes of a satellite's accelerator."""
    peaks = Counter(scenario.peak_op_per_s_each or (scenario.accelerator.peak_op_per_s,))
    speeds = ", ".join(
        f"{count} x {peak / 1e12:g}" if len(peaks) > 1 else f"{peak / 1e12:g}"
        for peak, count in peaks.items()
    )
    item = scenario.accelerator
    return (
        f"{speeds} TOPS, {item.memory_bytes / 1e9:g} GB for weights, "
        f"{item.bandwidth_bytes_per_s / 1e9:g} GB/s, {item.lanes:d} lanes"
    )


def energy_text(power: Power) -> str:
    """Array, draws and battery."""
    draws = (
        f"array {power.solar_w:g} W, bus {power.bus_w:g} W, radio {power.radio_w:g} W, "
        f"compute {power.compute_idle_w:g} to "
    )
    return (
        f"{draws}{power.compute_full_w:g} W, battery {power.battery_j / J_PER_WH:g} Wh "
        f"({power.depth_of_discharge_fraction:.0%} usable)"
    )


def faults_text(scenario: Scenario) -> str:
    """What may fail, where faults are on."""
    faults, optical = scenario.faults, sum(station.is_optical for station in scenario.stations)
    if not faults.enabled:
        return "off"
    parts = (
        [f"resets every {faults.reset_mean_s / DAY_S:g} days and node"]
        if faults.reset_mean_s > 0.0
        else []
    )
    parts += (
        [f"laser links up {faults.link_up_fraction:.1%}"] if faults.link_up_fraction < 1.0 else []
    )
    parts += [f"clouds over {_count(optical, 'optical station')}"] if optical else []
    return ", ".join(parts) or "on, but each kind is off"


def class_table(scenario: Scenario) -> Table:
    """One row per task class: share, slack, value, data, model."""
    work = scenario.workload
    counts = Counter(task.task_class for task in work.script)
    total = sum(work.mix.values())
    table = _columns("class", "share", "slack s", "value", "input", "result", "model")
    for name in counts if work.script else [key for key, share in work.mix.items() if share > 0.0]:
        item = TASK_CLASSES[name]
        low_s, high_s = (slack * work.slack_scale.get(name, 1.0) for slack in item.slack_s)
        share = _count(counts[name], "task") if work.script else f"{work.mix[name] / total:.1%}"
        slack = f"{low_s:g}" if low_s == high_s else f"{low_s:g}-{high_s:g}"
        model = f"{item.model} ({MODEL_BYTES[item.model] / 1e9:g} GB)"
        table.add_row(
            name,
            share,
            slack,
            f"{item.value:g}",
            bits_text(item.input_bits),
            bits_text(item.result_bits),
            model,
        )
    return table


def station_table(stations: Iterable[Station]) -> Table:
    """One row per station, as typed."""
    table = _columns(
        "station",
        ">latitude",
        ">longitude",
        ">mask deg",
        ">antennas",
        ">Mbit/s down",
        ">up",
        "datacentre",
    )
    for item in stations:
        rates = (f"{item.downlink_bps / 1e6:g}", f"{item.uplink_bps / 1e6:g}")
        place = (
            f"{item.latitude_deg:.2f}",
            f"{item.longitude_deg:.2f}",
            f"{item.mask_deg:g}",
            f"{item.antennas:d}",
        )
        table.add_row(item.name, *place, *rates, item.datacentre or "-")
    return table


# --- what follows


def graph_text(world: World) -> str:
    """Nodes, edges and contacts of the World."""
    kinds = Counter(world.edges["kind"].tolist())
    section_names = {
        "laser": LASER,
        "downlink": DOWNLINK,
        "uplink": UPLINK,
        "user up": USER_UP,
        "user down": USER_DOWN,
        "fibre": FIBRE,
    }
    edges = ", ".join(
        f"{kinds[kind]} {name}" for name, kind in section_names.items() if kinds[kind]
    )
    hours = float(world.sizes["horizon_s"][0]) / HOUR_S
    return (
        f"{len(world.edge_offsets) - 1} nodes, {len(world.edges)} edges ({edges}), "
        f"{len(world.contacts)} contacts in {hours:.1f} h"
    )


def derived_rows(scenario: Scenario, derived: Derived) -> dict[str, str]:
    """Eclipse, laser graph and users in view."""
    eclipse, parts, largest = (
        derived.eclipse_fraction,
        derived.components,
        derived.largest_component,
    )
    spread = f"({eclipse.min():.1%} to {eclipse.max():.1%} over satellites)"
    rows = {
        "eclipse": f"{eclipse.mean():.1%} of an orbit {spread}, the longest "
        f"{derived.longest_eclipse_s / 60.0:.1f} min",
        "laser graph": f"connected components {_spread(parts)}, satellites in the largest "
        f"{_spread(largest)} of {eclipse.size}; "
        f"every {derived.sample_s:g} s",
        "link events": f"{derived.link_events} (laser links that come up or go down)",
    }
    coverage = derived.user_coverage_fraction
    if coverage.size:
        least, greatest = (
            scenario.users.sites[int(pick)].name for pick in (coverage.argmin(), coverage.argmax())
        )
        ends = (
            f" ({least} {coverage.min():.1%}, {greatest} {coverage.max():.1%})"
            if coverage.size > 1
            else ""
        )
        rows["users"] = f"a site sees a satellite {coverage.mean():.1%} of the time{ends}"
    return rows


def contact_table(derived: Derived) -> Table:
    """One row per station: passes and minutes of a satellite, and of any of them."""
    table = _columns(
        "station", ">passes a day, each", ">minutes a day, each", ">any of them", ">longest gap"
    )
    for view in derived.stations:
        minutes = view.view_s / 60.0
        per_station = f"{minutes.mean():.1f} ({minutes.min():.1f} to {minutes.max():.1f})"
        passes = f"{view.passes.mean():.1f} ({view.passes.min()} to {view.passes.max()})"
        table.add_row(
            view.name,
            passes,
            per_station,
            f"{view.any_view_s / 60.0:.0f} min ({view.any_fraction:.1%})",
            _minutes(view.longest_gap_s),
        )
    return table


def load_rows(loads: Loads) -> dict[str, str]:
    """What limits the satellites and what is asked of them."""
    return {
        "raw data": f"{loads.raw_bits / 1e12:.1f} Tbit of observations, "
        f"{loads.raw_over_antenna:.1f} times the "
        f"{loads.antenna_bits / 1e12:.1f} that the station antennas could bring down",
        "capacity": f"{loads.time_capacity_node_s:.2f} node-seconds a second by time, "
        f"{loads.energy_capacity_node_s:.2f} by energy",
        "energy duty": "the satellite with least spare power can compute "
        f"{loads.least_duty_fraction:.0%} of the time",
        "offered": f"{loads.offered_node_s:.2f}: load {loads.load_by_time:.2f} by time, "
        f"{loads.load_by_energy:.2f} by energy "
        "(feasible tasks only)",
        "released": f"{loads.tasks_per_s:.3f} tasks a second, feasible or not",
    }


def load_table(loads: Loads) -> Table:
    """Return one row per task class.

    Its service, the share that could be delivered in time on an idle system, its load.
    """
    table = _columns("class", ">node-seconds each", ">feasible", ">load by time", ">load by energy")
    for name, item in loads.classes.items():
        offered_node_s = loads.offered_by_class_node_s[name]
        limit = (
            f"{offered_node_s / capacity:.3f}"
            for capacity in (loads.time_capacity_node_s, loads.energy_capacity_node_s)
        )
        table.add_row(name, f"{item.node_s:.3g}", f"{item.feasible_fraction:.0%}", *limit)
    table.add_row("all", "", "", f"{loads.load_by_time:.3f}", f"{loads.load_by_energy:.3f}")
    return table


# --- words and cells


def bits_text(bits: float) -> str:
    """A size in bits with the prefix that reads best."""
    for factor, unit in ((1e9, "Gbit"), (1e6, "Mbit"), (1e3, "kbit")):
        if bits >= factor:
            return f"{bits / factor:g} {unit}"
    return f"{bits:g} bit"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60.0:.0f} min"


def _spread(values: np.ndarray) -> str:
    """Mean and ends of whole numbers, or the number that they all are."""
    low, high = int(values.min()), int(values.max())
    return f"{low} (always)" if low == high else f"{values.mean():.2f} ({low} to {high})"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _join(values: Iterable[float]) -> str:
    return "/".join(f"{value:g}" for value in values)


def _columns(*names: str) -> Table:
    """A table without lines; a name that begins with > stands at the right."""
    table = Table(box=None)
    for name in names:
        table.add_column(
            name.removeprefix(">"),
            justify="right" if name.startswith(">") else "left",
            no_wrap=not table.columns,
        )
    return table


def _pairs(rows: dict[str, str]) -> Table:
    table = Table(show_header=False, box=None)
    table.add_column(no_wrap=True)
    table.add_column()
    for name, text in rows.items():
        table.add_row(name, text)
    return table
