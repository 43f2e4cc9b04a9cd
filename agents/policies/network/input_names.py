"""Which input of a network's layers stands for which column of the observation.

Weights are stored as matrices; the names say what their columns were, so that weights trained
before a column was added can be widened (agents.training.widen).
"""

from collections.abc import Mapping, Sequence

from agents.policies.network.features import FACTS, N_POOLS
from orbit_gym.observation import BLOCKS, COLUMNS, RENAMED

Columns = Mapping[str, Sequence[str]]  # block -> names, as a card records them
ENCODER = "features_extractor."


def current_columns() -> dict[str, list[str]]:
    """Names of the columns of this version, by block."""
    return {block: list(COLUMNS[block]) for block in BLOCKS}


def renamed(columns: Columns) -> dict[str, list[str]]:
    """Columns under the names that they have in this version."""
    return {block: [RENAMED.get(name, name) for name in columns[block]] for block in BLOCKS}


def layer_inputs(
    columns: Columns, hidden: int, facts: Sequence[str] = FACTS
) -> dict[str, list[str]]:
    """Name of every input of the layers that read the observation, by the name of their weights."""
    task = [f"task.{name}" for name in columns["task"]]
    links = [name for name in columns["links"] if name != "other_end"]
    pooled = [f"pool{pool}.{unit}" for pool in range(N_POOLS) for unit in range(hidden)]
    row = [f"nodes.{name}" for name in columns["nodes"]] + [f"facts.{name}" for name in FACTS]
    row += [f"links.{kind}.{name}" for kind in ("mean", "largest") for name in links]
    return {
        f"{ENCODER}node.weight": row,
        f"{ENCODER}task.weight": task,
        f"{ENCODER}shared.weight": pooled + task,
    }
