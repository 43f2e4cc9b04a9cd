"""Node temperature: step responses of booked simulations against the closed form, and the model
against BUPT-1's telemetry.

Authorities: tau dT/dt = sink + R P - T, solved by hand; in-orbit temperatures of BUPT-1's Atlas 200
DK (https://github.com/TiansuanConstellation/MobiCom24-SatelliteCOTS).
"""

import csv
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import curve_fit

from orbit_gym.physics.thermal import steady_temperature_c, temperature_after_c
from tests.helpers.small_world import NODE, small_world, start, vision
from validation.rows import Row, judged_row, skipped_row

CLOSED_FORM_TOLERANCE_K = 1e-9
AUTHORITY = "BUPT-1 in-orbit telemetry"
TAU_RANGE_S = (
    1_300.0,
    1_600.0,
)  # the range of docs/facts.md for steady inference loads, 1,275 to 1,640 s, rounded inwards
STEADY_TOLERANCE_K = (
    3.0  # the orbit swings the temperature by about that; the model's sink is constant
)
STEADY = (
    (6.9, 26.6),
    (7.4, 31.9),
    (8.2, 38.6),
    (10.3, 51.2),
)  # W, degrees C: LOW, MIDDLE, FULL, four tasks: means of the same telemetry
FILE = "atlas_infer_sun_FULL_1T.csv"
WINDOW_S = 10_800.0  # 3 h, as in the published fits
BLOCK_S = 1_000.0
LOOKS_S = (100.0, 900.0, 1_000.0, 1_700.0, 2_500.0, 4_000.0, 9_000.0)


class Trace(NamedTuple):
    """Temperature (T,) in degrees C at seconds (T,) of one run."""

    time_s: np.ndarray
    temperature_c: np.ndarray


def simulated_c() -> list[float]:
    """Return the temperature at LOOKS_S of a node that computes for BLOCK_S from second 0.

    As the simulation keeps it; power rows change often.
    """
    power = [(250.0 * k, 300.0 + k) for k in range(20)]
    tasks = [
        vision(0.0, BLOCK_S),
        *(vision(look_s, 1.0) for look_s in (*LOOKS_S, LOOKS_S[-1] + 1.0)),
    ]
    simulation, temperatures_c = start(small_world(1, power=power), tasks, resident=1), []
    simulation.apply(0)
    while len(temperatures_c) < len(LOOKS_S):
        temperatures_c.append(float(simulation.state.units[0]["temperature_c"]))
        simulation.apply(simulation.n_candidates)  # only to look
    return temperatures_c


def closed_form_c(time_s: float) -> float:
    """The same by hand: from idle at 20 W towards 200 W for BLOCK_S, then back."""
    tau_s, resistance, sink_c = NODE["thermal_tau_s"], NODE["thermal_k_per_w"], NODE["sink_c"]
    idle_c, busy_c = sink_c + resistance * 20.0, sink_c + resistance * 200.0
    heated_c = busy_c + (idle_c - busy_c) * math.exp(-min(time_s, BLOCK_S) / tau_s)
    return idle_c + (heated_c - idle_c) * math.exp(-max(time_s - BLOCK_S, 0.0) / tau_s)


def closed_form_error_k() -> float:
    """Largest difference over LOOKS_S."""
    return max(
        abs(seen_c - closed_form_c(look_s))
        for look_s, seen_c in zip(LOOKS_S, simulated_c(), strict=True)
    )


def read_trace(data: Path) -> Trace:
    """Inference at full speed in the Sun, first 3 h."""
    with (data / "satellite_telemetry_bupt1" / FILE).open() as file:
        rows = [(float(row["TIME"]), float(row["TEMP"])) for row in csv.DictReader(file)]
    time_s, temperature_c = np.array(rows).T
    time_s -= time_s[0]
    keep = time_s <= WINDOW_S
    return Trace(time_s[keep], temperature_c[keep])


def fitted_tau_s(trace: Trace) -> float:
    """Time constant at which our step response lies nearest to a trace (least squares.

    Its start and end are fitted too).
    """

    def response(time_s: np.ndarray, start_c: float, settles_c: float, tau_s: float) -> np.ndarray:
        return np.array(
            [temperature_after_c(start_c, settles_c, step_s, tau_s) for step_s in time_s]
        )

    best, _ = curve_fit(
        response,
        trace.time_s,
        trace.temperature_c,
        p0=(trace.temperature_c[0], trace.temperature_c[-1], 1_000.0),
    )
    return float(best[2])


def fitted_line() -> tuple[float, float]:
    """Resistance and sink of the published steady temperatures."""
    watts, degrees = np.array(STEADY).T
    resistance, sink_c = np.polyfit(watts, degrees, 1)
    return float(resistance), float(sink_c)


def steady_error_k() -> float:
    """Return the largest difference of our steady temperature from the published ones.

    One resistance and one sink for all.
    """
    resistance, sink_c = fitted_line()
    return max(
        abs(steady_temperature_c(watts, resistance, sink_c) - degrees) for watts, degrees in STEADY
    )


def measure(data: Path | None) -> list[Row]:
    """Return three rows: closed form, time constant, steady temperatures."""
    resistance = fitted_line()[0]
    what_tau, tau_text = (
        "time constant of our step response fitted to 3 h of inference",
        f"{TAU_RANGE_S[0]:g} to {TAU_RANGE_S[1]:g} s",
    )
    if data is None:
        tau_row = skipped_row(what_tau, AUTHORITY, tau_text)
    else:
        tau_s = fitted_tau_s(read_trace(data))
        tau_row = Row(
            what_tau,
            AUTHORITY,
            f"{tau_s:,.0f} s",
            tau_text,
            TAU_RANGE_S[0] <= tau_s <= TAU_RANGE_S[1],
        )
    steady = "steady temperatures at four powers, one resistance"
    return [
        judged_row(
            "temperature of a booked node",
            "closed form",
            closed_form_error_k(),
            CLOSED_FORM_TOLERANCE_K,
            "K",
        ),
        tau_row,
        judged_row(
            steady, AUTHORITY, steady_error_k(), STEADY_TOLERANCE_K, "K", f"{resistance:.2f} K/W"
        ),
    ]
