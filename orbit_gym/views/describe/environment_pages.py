"""The facts of a scenario for its page in the docs, all from the code."""

from orbit_gym.scenario.loading import REGISTERED, load_scenario
from orbit_gym.scenario.scenario import Scenario
from orbit_gym.utils.units import J_PER_WH
from orbit_gym.views.describe.docs_tables import markdown, n_satellites, tasks_text


def environment_block(name: str) -> str:
    """Return how a scenario is made, and a table of what it holds."""
    scenario = load_scenario(name)
    rows = [(fact, value) for fact, value in facts(scenario) if value]
    return f"{scenario.description}.\n\n{how_to_make(name)}\n\n{markdown(('what', 'value'), rows)}"


def how_to_make(name: str) -> str:
    """Return the line of Python that makes a scenario's environment."""
    if name in REGISTERED:
        call = f'gym.make("OrbitGym/{name}-v0")'
    else:
        call = f'gym.make("OrbitGym/ThreeBody12-v0", scenario="{name}")'
    return f"```python\nimport gymnasium as gym\nimport orbit_gym\n\nenv = {call}\n```"


def facts(scenario: Scenario) -> list[tuple[str, str]]:
    """Return what a scenario holds, as pairs of words."""
    work, hardware, power = scenario.workload, scenario.accelerator, scenario.power
    total = n_satellites(scenario.constellation)
    n_rows = int(scenario.candidates) if 0 < scenario.candidates < total else total
    shares = sorted((-share, name) for name, share in work.mix.items() if share > 0.0)
    centres = ", ".join(centre.name for centre in scenario.datacentres)
    return [
        ("satellites", f"{total:,}"),
        ("candidates shown", f"{n_rows} satellites, and the datacentres"),
        ("stations", ", ".join(station.name for station in scenario.stations)),
        ("datacentres", centres),
        ("user sites", str(len(scenario.users.sites))),
        ("epoch", scenario.epoch_utc),
        ("episode", f"{scenario.episode_s:,.0f} s, looking ahead {scenario.look_ahead_s:,.0f} s"),
        ("tasks", tasks_text(scenario)),
        ("share of each class", ", ".join(f"`{name}` {-share:g}" for share, name in shares)),
        ("speed", f"{hardware.peak_op_per_s / 1e12:g} TOPS, {hardware.lanes:d} lanes"),
        ("memory for weights", f"{hardware.memory_bytes / 1e9:g} GB"),
        ("solar array", f"{power.solar_w:g} W"),
        ("battery", f"{power.battery_j / J_PER_WH:g} Wh"),
        ("laser terminals", f"{scenario.lasers.terminals:d} a satellite"),
        ("faults", "on" if scenario.faults.enabled else "off"),
    ]
