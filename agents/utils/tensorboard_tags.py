"""Names of scalars in TensorBoard's logs: training writes them, the report reads them.

A tag is a group and the name of a metric (orbit_gym.simulation.metric_table), or of a scalar of
the latest decisions.
"""

from orbit_gym.simulation.metric_table import HEADLINE

VALIDATION, EPISODES, SCHEDULER = "validation/", "episodes/", "scheduler/"
ON_TIME = "on_time/"  # before a task class
# Scalars of the latest decisions, and the metric of whole episodes that each foreshadows.
DECISION_SCALARS = {
    "value_in_time_share": HEADLINE,
    "rejected_share": "rejected_share",
    "late_share": "late_share",
    "lanes_busy_share": "utilisation_fraction",
    "charge_fraction": "mean_charge_fraction",
}
