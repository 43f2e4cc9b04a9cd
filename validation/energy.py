"""Energy ledger: closed-form orbits of one node, and a battery, array and loads like those of
BUPT-1 against its telemetry.

Under test: what plan, book and settle do to a satellite's charge, under a World's power rows.

Authorities: arithmetic; BUPT-1, a 12U satellite of the Tiansuan constellation (MobiCom 2024):
energy of 196 orbits of April and May 2023, two hours of currents and voltages of 2 March 2023, and
the discharge curve of its battery measured on the ground.
"""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

from orbit_gym.utils.units import J_PER_WH
from tests.helpers.small_world import small_world, start, vision
from validation.rows import Row, judged_row, skipped_row

LEDGER_TOLERANCE = 1e-9  # relative
ORBIT_S, DARK_S = (
    5_677.0,
    2_146.0,
)  # 500 km: two-body period, and asin(R / r) / pi = 0.378 of it in shadow at beta 0
SUN_W, DARK_W, BLOCK_W, BLOCK_S = (
    248.0,
    -152.0,
    180.0,
    300.0,
)  # net of array and baseline; one booking an orbit on top
ORBITS = 12
LARGE_J, SMALL_J = 4e6, 1.0e6

AUTHORITY = "BUPT-1 in-orbit telemetry"
BATTERY_J = 119.0 * J_PER_WH  # discharge on the ground, battery_discharging_df_1_60s.csv
BUPT_ORBIT_S, BUPT_DARK_S = 94.1 * 60.0, 32.0 * 60.0  # 31 to 33 min of 94.1 dark
SPREAD = 1.0  # standard deviations of its 196 orbits
ROOM_V = 0.1  # the battery voltage of the telemetry has steps of 0.2 V
GROUND_A = 0.967  # current of the discharge curve
GROUND_OHM = (
    0.205  # (charging - discharging voltage) / sum of currents on the ground, both 1 Ah below full
)
REST_A = 0.1  # net battery current below which a voltage is one at rest
BEST_MINUTES = 10


class Orbit(NamedTuple):
    """Energy of one orbit in Wh."""

    consumed_wh: float
    harvested_wh: float


class Telemetry(NamedTuple):
    """Means of each minute (M,): array output, all loads, and transmitters among them in W.

    Battery in V.
    """

    array_w: np.ndarray
    load_w: np.ndarray
    battery_v: np.ndarray


# --- closed form


def charges_j(
    power: list[tuple[float, float]],
    capacity_j: float,
    initial_j: float,
    blocks_s: list[float],
    looks_s: list[float],
) -> list[float]:
    """Return the charge at looks_s as a simulation keeps it.

    With a booking of BLOCK_S begun at each of blocks_s; the floor is at nothing.
    """
    marks = sorted(
        [(time_s, True) for time_s in blocks_s] + [(time_s, False) for time_s in looks_s]
    )
    tasks = [vision(time_s, BLOCK_S) for time_s, _ in marks] + [vision(marks[-1][0] + 1.0, BLOCK_S)]
    world = small_world(1, power=power, capacity_j=capacity_j, floor_j=0.0)
    simulation, charges_j = start(world, tasks, resident=1, charge_j=initial_j), []
    for _, is_block in marks:
        if not is_block:
            charges_j.append(float(simulation.state.units[0]["charge_j"]))
        simulation.apply(0 if is_block else simulation.n_candidates)
        assert (
            not is_block or simulation.last_booking["start_s"] in blocks_s
        )  # it did not have to wait
    return charges_j


def sun_and_dark() -> list[tuple[float, float]]:
    """Power rows of ORBITS orbits, each beginning at sunrise."""
    rows = [((k * ORBIT_S, SUN_W), (k * ORBIT_S + ORBIT_S - DARK_S, DARK_W)) for k in range(ORBITS)]
    return [*(row for pair in rows for row in pair), (ORBITS * ORBIT_S, SUN_W)]


def never_full_error() -> float:
    """A battery too large to fill: every orbit adds the same sum. Relative."""
    per_orbit_j = SUN_W * (ORBIT_S - DARK_S) + DARK_W * DARK_S - BLOCK_W * BLOCK_S
    ends_s = [k * ORBIT_S for k in range(1, ORBITS)]
    seen_j = charges_j(
        sun_and_dark(), 4.0 * LARGE_J, LARGE_J, [k * ORBIT_S + 100.0 for k in range(ORBITS)], ends_s
    )
    return max(
        abs(charge_j / (LARGE_J + (k + 1) * per_orbit_j) - 1.0) for k, charge_j in enumerate(seen_j)
    )


def full_error() -> float:
    """Compare a battery that is full at every sunset and also computes in the dark. Relative.

    The charge at sunrise is always the same.
    """
    sunsets_s = [k * ORBIT_S + ORBIT_S - DARK_S for k in range(ORBITS - 1)]
    ends_s = [k * ORBIT_S for k in range(1, ORBITS)]
    seen_j = charges_j(
        sun_and_dark(),
        SMALL_J,
        0.9 * SMALL_J,
        [sunset_s + 100.0 for sunset_s in sunsets_s],
        sorted(sunsets_s + ends_s),
    )
    sunrise_j = SMALL_J + DARK_W * DARK_S - BLOCK_W * BLOCK_S
    return max(
        abs(charge_j / expected_j - 1.0)
        for charge_j, expected_j in zip(seen_j, [SMALL_J, sunrise_j] * (ORBITS - 1), strict=True)
    )


# --- BUPT-1


def read_orbits(data: Path) -> list[Orbit]:
    """Its 196 orbits."""
    with (data / "satellite_telemetry_bupt1" / "energy_rounds_longest.csv").open() as file:
        return [
            Orbit(float(row["total_energy"]), float(row["solar_harvested_energy"]))
            for row in csv.DictReader(file)
        ]


def read_telemetry(data: Path) -> Telemetry:
    """Its two hours, one reading a second.

    Two solar groups and the battery are read in turns, so each is averaged apart.
    """
    with (data / "satellite_telemetry_bupt1" / "telemetry_shortterm_2023-03-02.csv").open() as file:
        rows = list(csv.DictReader(file))
    columns = {
        name: np.array([float(row[name]) for row in rows]) for name in rows[0] if name != "Time"
    }
    minute = np.unique([row["Time"] for row in rows], return_inverse=True)[1]

    def mean(values: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
        mask = np.ones(len(values), bool) if mask is None else mask
        return np.bincount(minute[mask], values[mask]) / np.bincount(minute[mask])

    bus_v = columns["Total_U"] * 1e-3
    groups = [
        mean(columns["MPPT_Iout"] * 1e-3 * bus_v, columns["MPPT_Group"] == group)
        for group in (0, 1, 2)
    ]
    battery = columns["Battery_U"] > 0.0
    return Telemetry(
        np.sum(groups, axis=0),
        mean(columns["Total_I"] * 1e-3 * bus_v),
        mean(columns["Battery_U"] * 1e-3, battery),
    )


def charge_of_telemetry_j(telemetry: Telemetry) -> np.ndarray:
    """Return the charge (M,) at the end of each minute by our ledger, from full.

    Under the measured array output and loads.
    """
    net_w = telemetry.array_w - telemetry.load_w
    power = [(60.0 * k, float(watts)) for k, watts in enumerate(net_w)]
    ends_s = [60.0 * (k + 1) for k in range(len(net_w))]
    return np.array(charges_j(power, BATTERY_J, BATTERY_J, [], ends_s))


def ledger_depth_wh(telemetry: Telemetry) -> float:
    """Deepest discharge by our ledger."""
    return float(BATTERY_J - charge_of_telemetry_j(telemetry).min()) / J_PER_WH


def voltage_depths_wh(data: Path, telemetry: Telemetry) -> tuple[float, float]:
    """Return the least and most discharge that battery voltages allow.

    At rest before the eclipse, and at rest where our ledger is lowest.

    The ground's discharge curve was taken at GROUND_A, so it lies GROUND_A * GROUND_OHM below
    voltages at rest.
    """
    with (data / "satellite_telemetry_bupt1" / "battery_discharging_df_1_60s.csv").open() as file:
        curve = np.array(
            [(float(row["Voltage(V)"]), float(row["Energy(Wh)"])) for row in csv.DictReader(file)]
        )

    def discharged_wh(rest_v: float) -> float:
        return float(curve[np.argmax(curve[:, 0] <= rest_v - GROUND_A * GROUND_OHM), 1])

    is_resting = np.abs(telemetry.load_w - telemetry.array_w) / telemetry.battery_v < REST_A
    lowest = int(charge_of_telemetry_j(telemetry).argmin())
    rest_row = int(
        np.flatnonzero(is_resting[: int(np.flatnonzero(telemetry.array_w < 1.0)[0])])[-1]
    )
    later_rest_row = lowest + int(np.flatnonzero(is_resting[lowest:])[0])
    high_v, low_v = float(telemetry.battery_v[rest_row]), float(telemetry.battery_v[later_rest_row])
    least_wh = discharged_wh(low_v + ROOM_V) - discharged_wh(high_v - ROOM_V)
    return least_wh, discharged_wh(low_v - ROOM_V) - discharged_wh(high_v + ROOM_V)


def model_orbit(telemetry: Telemetry) -> tuple[Orbit, float]:
    """A steady orbit of a satellite with the loads of the two hours and the array at its best.

    And its depth in Wh.
    """
    load_w = float(telemetry.load_w.mean())
    array_w = float(np.sort(telemetry.array_w)[-BEST_MINUTES:].mean())
    lit_s = BUPT_ORBIT_S - BUPT_DARK_S
    power = [
        row
        for k in range(4)
        for row in ((k * BUPT_ORBIT_S, array_w - load_w), (k * BUPT_ORBIT_S + lit_s, -load_w))
    ]
    sunrises_s = [k * BUPT_ORBIT_S for k in (2, 3)]
    seen_j = charges_j(
        power, BATTERY_J, BATTERY_J, [], sorted([*sunrises_s, sunrises_s[0] + lit_s])
    )
    consumed_j = load_w * BUPT_ORBIT_S
    harvested_j = seen_j[2] - seen_j[0] + consumed_j  # what a full battery refuses is not harvested
    return Orbit(consumed_j / J_PER_WH, harvested_j / J_PER_WH), (seen_j[1] - seen_j[2]) / J_PER_WH


def spread_off(value_wh: float, measured_wh: list[float]) -> float:
    """Distance from the mean of the orbits in their standard deviations."""
    return abs(value_wh - float(np.mean(measured_wh))) / float(np.std(measured_wh, ddof=1))


def bupt_rows(data: Path) -> list[Row]:
    """Consumption and harvest of a steady orbit, and the depth of one eclipse."""
    telemetry, orbits = read_telemetry(data), read_orbits(data)
    orbit, depth_wh = model_orbit(telemetry)
    rows = []
    for name, value_wh, measured_wh in (
        (
            "consumption",
            orbit.consumed_wh,
            [one.consumed_wh for one in orbits],
        ),
        ("harvest", orbit.harvested_wh, [one.harvested_wh for one in orbits]),
    ):
        note = (
            f"{value_wh:.1f} Wh against {np.mean(measured_wh):.1f} +- "
            f"{np.std(measured_wh, ddof=1):.1f}"
        )
        deviation = spread_off(value_wh, measured_wh)
        rows.append(
            judged_row(
                f"{name} an orbit, BUPT-1-like node",
                AUTHORITY,
                deviation,
                SPREAD,
                "sd of 196 orbits",
                note,
            )
        )
    least_wh, most_wh = voltage_depths_wh(data, telemetry)
    deepest_wh = ledger_depth_wh(telemetry)
    depth = (
        f"{deepest_wh:.1f} Wh ({deepest_wh * J_PER_WH / BATTERY_J:.0%}; steady orbit "
        f"{depth_wh * J_PER_WH / BATTERY_J:.0%})"
    )
    range_text = f"{least_wh:.1f} to {most_wh:.1f} Wh by battery voltage"
    return [
        *rows,
        Row(
            "discharge over one eclipse, BUPT-1-like node",
            AUTHORITY,
            depth,
            range_text,
            least_wh <= deepest_wh <= most_wh,
        ),
    ]


def measure(data: Path | None) -> list[Row]:
    """Return one row for closed forms and three for BUPT-1."""
    worst = max(never_full_error(), full_error())
    ledger = judged_row(
        "charge over 12 orbits, bookings in Sun and shadow",
        "closed form",
        worst,
        LEDGER_TOLERANCE,
        "relative",
    )
    if data is None:
        names = ("consumption an orbit", "harvest an orbit", "discharge over one eclipse")
        return [
            ledger,
            *(skipped_row(f"{name}, BUPT-1-like node", AUTHORITY, "its spread") for name in names),
        ]
    return [ledger, *bupt_rows(data)]
