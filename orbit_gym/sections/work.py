"""What is asked and what it is worth: workload, typed tasks, reward weights."""

from dataclasses import dataclass, field

from orbit_gym.sections.fields import INFINITY, Checked, check_number, number
from orbit_gym.tasks import TASK_CLASSES


@dataclass(frozen=True)
class ScriptedTask(Checked):
    """One task typed by hand (scenario Tiny): released release_s after the episode's start by a named satellite or user."""

    task_class: str
    release_s: float = number()
    origin: str = ""


@dataclass(frozen=True)
class Workload(Checked):
    """What is asked: the load, the share of released tasks of each class, slack factors, or a script."""

    load: float = number(1.0)
    mix: dict[str, float] = field(default_factory=dict)  # share of released tasks (bursts count by their chunks)
    slack_scale: dict[str, float] = field(default_factory=dict)  # factor on a class's slack, default 1
    polarimeters: tuple[str, ...] = ()  # names of the satellites that see X-ray triggers; empty: all
    script: tuple[ScriptedTask, ...] = ()

    def __post_init__(self) -> None:
        """Check class names, shares and factors."""
        super().__post_init__()
        for name, shares in (("mix", self.mix), ("slack_scale", self.slack_scale)):
            for key, value in shares.items():
                if key not in TASK_CLASSES:
                    raise ValueError(f"workload.{name} names an unknown task class {key!r}; choose from {', '.join(TASK_CLASSES)}")
                check_number(f"workload.{name}.{key}", value, 0.0, INFINITY, open_low=name == "slack_scale")
        for task in self.script:
            if task.task_class not in TASK_CLASSES:
                raise ValueError(f"workload.script names an unknown task class {task.task_class!r}; choose from {', '.join(TASK_CLASSES)}")
        if not self.script and sum(self.mix.values()) <= 0.0:
            raise ValueError("workload.mix must give at least one task class a positive share")


@dataclass(frozen=True)
class Reward(Checked):
    """Weights of the reward terms of the same name."""

    delivered_value: float = number(1.0)
    revoked_value: float = number(1.0)
    energy_cost: float = number(0.0)  # value per joule
