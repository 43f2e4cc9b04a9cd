"""OrbitGym: schedulers of orbital AI clouds, learned, compared and trusted.

Importing it registers the environments.
"""

from importlib.metadata import version

from orbit_gym.utils.kernel_cache import set_cache_folder

set_cache_folder()  # before any kernel is imported

from orbit_gym.observation import FIELDS, neighbours  # noqa: E402
from orbit_gym.registration import register_all, register_scenario  # noqa: E402
from orbit_gym.scenario.loading import load_scenario, scenario_names  # noqa: E402
from orbit_gym.scenario.models import register_model  # noqa: E402
from orbit_gym.scenario.scenario import Scenario  # noqa: E402
from orbit_gym.scenario.task_class import Burstiness, TaskClass  # noqa: E402
from orbit_gym.scenario.task_classes import register_task_class  # noqa: E402

__all__ = [
    "FIELDS",
    "Burstiness",
    "Scenario",
    "TaskClass",
    "load_scenario",
    "neighbours",
    "register_model",
    "register_scenario",
    "register_task_class",
    "scenario_names",
]
__version__ = version("orbit-gym")

register_all()
