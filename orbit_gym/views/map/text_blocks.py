"""Numbers in words: sizes, times, tasks and plans as the cards show them."""

import numpy as np

from orbit_gym.scenario.models import MODEL_BYTES
from orbit_gym.simulation.simulation import Plan
from orbit_gym.views.map.snapshot import Placement

PREFIXES = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def amount(value: float, unit: str) -> str:
    """Return "17.1 Gbit" for 1.71e10 bit."""
    for size, prefix in PREFIXES:
        if value >= 0.9995 * size:
            return f"{value / size:.3g} {prefix}{unit}"
    return f"{value:.3g} {unit}"


def duration(seconds: float) -> str:
    """Return "0 s", "5 ms", "0.35 s", "42 s", "12 min 05 s" or "1 h 03 min"."""
    if seconds < 0.0995:
        return f"{1e3 * seconds:.0f} ms" if seconds >= 0.0005 else "0 s"
    if seconds < 9.95:
        return f"{seconds:.2f} s"
    if seconds < 119.5:
        return f"{seconds:.0f} s"
    if seconds < 7_199.5:
        return f"{int(round(seconds)) // 60} min {int(round(seconds)) % 60:02d} s"
    return f"{int(round(seconds / 60.0)) // 60} h {int(round(seconds / 60.0)) % 60:02d} min"


def task_lines(task: np.void, names: tuple[str, ...]) -> list[str]:
    """Return what a task is by its numbers: four lines."""
    model = list(MODEL_BYTES)[int(task["model"])]
    flop = float(task["vision_flop"] + task["prefill_flop"])
    work = amount(flop, "flop") + (
        f" and {task['decode_tokens']:,.0f} tokens" if task["one_lane"] else ""
    )
    lanes = "one lane" if task["one_lane"] else "all lanes"
    goes = "to any station" if task["destination"] < 0 else f"to {names[int(task['destination'])]}"
    return [
        f"from {names[int(task['origin'])]} {goes}",
        f"{amount(float(task['input_bits']), 'bit')} in, "
        f"{amount(float(task['result_bits']), 'bit')} out, {work}",
        f"{lanes}, model {model.replace('_', ' ')} ({MODEL_BYTES[model] / 1e9:.3g} GB)",
        f"slack {duration(float(task['slack_s']))}, value {float(task['value']):.2f}",
    ]


def plan_lines(placement: Placement, names: tuple[str, ...]) -> list[str]:
    """Return what was decided: where it runs and how it gets there and back."""
    plan = placement.plan
    if plan is None:
        return ["rejected" + (" (the action was masked)" if placement.was_masked else "")]
    release_s = float(placement.task["release_s"])
    loads = f", model load {duration(plan.load_s)}" if plan.load_s > 0.0 else ""
    return [
        f"runs on {names[plan.node]}, {hops(len(plan.input_hops))} away{loads}",
        f"result {way_back(plan, names)}",
        f"from release: start {duration(plan.start_s - release_s)}, delivery "
        f"{duration(plan.delivery_s - release_s)}",
    ]


def way_back(plan: Plan, names: tuple[str, ...]) -> str:
    """How the result travels."""
    if plan.by_alert:
        return "by alert channel"
    if not plan.result_hops:
        return "is where it has to be"
    return f"over {hops(len(plan.result_hops))} to {names[plan.result_hops[-1].to_node]}"


def hops(count: int) -> str:
    """Return "no hop", "1 hop", "5 hops"."""
    return "no hop" if count == 0 else f"{count} hop{'s' if count > 1 else ''}"
