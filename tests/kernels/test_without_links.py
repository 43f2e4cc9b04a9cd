"""A caller that gives no slots for links is shown all else just as one that does."""

import numpy as np
import pytest

from orbit_gym.observation import COLUMNS
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.workload.episode_source import EpisodeSource
from orbit_gym.world.layout import DOWNLINK
from tests.helpers.small_scenarios import contacts_of

CONTACT = COLUMNS["nodes"]["time_to_contact"]
# of an episode in which passes end and the next ones are hours away: ended ones are to be skipped
SEED = 1_000_009


def contact_column(world, satellite, now_s):
    """The column from the World's edges alone: the first downlink contact that has not ended,
    log1p(s) / log1p(7200).
    """
    edges = world.edges[world.edge_offsets[satellite] : world.edge_offsets[satellite + 1]]
    contacts = np.concatenate(
        [contacts_of(world, edge) for edge in edges[edges["kind"] == DOWNLINK]]
    )
    left_s = np.maximum(contacts["start_s"][contacts["end_s"] > now_s] - now_s, 0.0)
    return np.log1p(np.clip(left_s.min(initial=7200.0), 0.0, 7200.0)) / np.log1p(7200.0)


@pytest.mark.parametrize("name", ["ThreeBody12", "Ring12"])
def test_all_but_the_links_is_the_same(name):
    """Exact, over 400 decisions at random, hours.

    The time to a contact, read from the same passes, also against the World's edges.
    """
    source = EpisodeSource(load_scenario(name, {"workload.load": 0.1}), "train")
    day = source.sample_episode(SEED)
    with_links = Simulation(source.scenario, day.world, day.episode)
    without_links = Simulation(source.scenario, day.world, day.episode)
    without_links.decision = without_links.decision.without_links()
    rng = np.random.default_rng(0)
    contact = []
    for _ in range(400):
        action = int(rng.choice(np.flatnonzero(with_links.action_masks())))
        assert with_links.apply(action) == without_links.apply(action)
        full, rest = with_links.observe(), without_links.observe()
        assert full["links"].any() and rest["links"].size == 0
        assert all(np.array_equal(full[part], rest[part]) for part in ("task", "nodes"))
        assert np.array_equal(with_links.action_masks(), without_links.action_masks())
        satellites = without_links.candidate_nodes[:12]
        expected = [
            contact_column(day.world, satellite, without_links.time_s)
            for satellite in satellites[satellites >= 0]
        ]
        contact.append(rest["nodes"][:12, CONTACT][satellites >= 0])
        assert contact[-1] == pytest.approx(np.array(expected), abs=1e-6)
    waits = np.concatenate(contact)
    assert (waits == 0.0).any() and ((waits > 0.0) & (waits < 1.0)).any()
