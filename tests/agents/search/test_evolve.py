"""Evolution: goes on where it stopped, leaves a run whose network decides as the weights found,
refuses what cannot work.
"""

import json
from dataclasses import replace

import numpy as np
import pytest

from agents.envs.problem import Problem
from agents.evaluation.load_policy import load_policy, parse
from agents.evaluation.stored_network import read_network
from agents.experimental_protocol import TUNING_SEEDS
from agents.policies.bilinear_rule import ROOM, bilinear_weights, choose_bilinear
from agents.policies.linear_rule import WEIGHTS
from agents.policies.network.sb3_policies import MaskableScorerPolicy
from agents.policies.rule_registry import load_weights
from agents.search.cma_es import Episodes
from agents.search.directions import direction
from agents.search.evolve import (
    FOLDER,
    LOG,
    Evolution,
    SearchProblem,
    evolve,
    moved_to,
    read_search,
)
from agents.utils.renamed_keys import RENAMED_KEYS
from orbit_gym.observation import COLUMNS
from tests.helpers.fake_env import random_observation

PLAN_EXISTS = COLUMNS["nodes"]["plan_exists"]
SEARCH = {
    "cases": [["tight-energy", 1.0]],
    "start": "Ring12",
    "directions": {"admit.one*overload": 3.0, "cost.load": 9.0},
    "population": 4,
}


def evolution(tmp_path, name: str, generations: int, **changes) -> Evolution:
    """A search of a few short episodes."""
    path = tmp_path / "search.json"
    path.write_text(json.dumps(SEARCH | changes))
    return Evolution(
        str(path), generations, every=1, choice_seeds=1, threads=1, out=str(tmp_path / name)
    )


def test_a_search_goes_on_and_its_network_decides_as_the_weights_found(
    tmp_path, monkeypatch
) -> None:
    # The farther from the start, the better: on real episodes this small search may find nothing
    # and keep the start.
    monkeypatch.setattr(
        SearchProblem,
        "over_tuned",
        lambda self, weights, seeds: np.full((1, len(seeds)), np.abs(weights - self.start).sum()),
    )
    single = evolve(evolution(tmp_path, "once", 3))
    evolve(evolution(tmp_path, "twice", 2))
    twice = evolve(evolution(tmp_path, "twice", 3))
    log = json.loads((single / LOG).read_text())
    assert log == json.loads((twice / LOG).read_text())
    assert len(log["scores"]) == 3 and len(set(np.array(log["scores"]).ravel())) > 3

    _, settings, network = read_network(str(single))
    best = network["features_extractor.rule"].numpy().ravel()
    weights, start = np.concatenate([best, np.zeros(ROOM)]), bilinear_weights(settings["rule"])
    tuned = dict(zip(WEIGHTS, load_weights("tuned", SEARCH["start"]).tolist(), strict=True))
    assert np.array_equal(
        start, bilinear_weights(tuned)
    )  # the untrained control is what the search starts from
    envs = Problem("tight-energy", "train").make_envs(1)
    n = envs.single_action_space.n - 1
    obs = random_observation(np.random.default_rng(0), n, 500)
    masks = np.concatenate([obs["nodes"][..., PLAN_EXISTS] > 0.5, np.ones((500, 1), bool)], axis=1)
    choices = []
    for name, rule in ((str(single), weights), (f"untrained:{single}", start)):
        actions = load_policy(parse(name), envs).predict(obs, deterministic=True)[0]
        network = load_policy(
            parse(f"{name}@sampled"), envs
        )  # to be sampled from, so not the compiled rule
        assert isinstance(network, MaskableScorerPolicy) and np.array_equal(
            network.predict(obs, deterministic=True)[0], actions
        )
        assert actions.tolist() == [
            choose_bilinear(obs["task"][i], obs["nodes"][i], masks[i], rule) for i in range(500)
        ]
        choices.append(actions)
    assert len(set(choices[0].tolist())) == n + 1 and (choices[0] != choices[1]).any()


def test_another_search_in_the_same_folder_is_refused(tmp_path) -> None:
    evolve(evolution(tmp_path, "run", 1))
    with pytest.raises(
        ValueError, match="holds a search with other settings; choose another --out"
    ):
        evolve(evolution(tmp_path, "run", 1, sigma=0.5))


BAD = [
    ({"directions": {"cost.colour": 1.0}}, "unknown weight 'cost.colour'"),
    ({"directions": {}}, "cases and directions must not be empty"),
    (
        {"initial_mean": {"cost.delivery": 1.0}},
        "initial_mean names 'cost.delivery', which is not in dir",
    ),
    ({"initial_mean": {"cost.load": float("nan")}}, "initial_mean must hold finite numbers"),
    ({"sigma": -1.0}, "sigma and the scales in directions must"),
    ({"cases": [["Ring12", 1.0, 0]]}, "the episodes of every case at least 1"),
    ({"colour": 1}, "must hold one JSON object with some of cases, start"),
]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_searches_that_make_no_sense_are_refused(tmp_path, changes, message) -> None:
    with pytest.raises(ValueError, match=message):
        read_search(evolution(tmp_path, "run", 1, **changes).search)


def test_a_missing_file_says_where_searches_are(tmp_path) -> None:
    with pytest.raises(
        ValueError,
        match="nope.json is missing; give a file like agents/configs/searches/overload.json, or "
        "one of those beside it",
    ):
        read_search(str(tmp_path / "nope.json"))


def test_rows_have_as_many_episodes_as_they_ask_for_and_all_count_alike(
    tmp_path, monkeypatch
) -> None:
    played_seeds = []

    def scores(self, candidates, seeds, loads):
        played_seeds.append((list(seeds), set(loads)))
        return np.full((len(candidates), len(seeds)), loads[0])

    monkeypatch.setattr(Episodes, "scores", scores)
    cases = [["tight-energy", 1.0], ["tight-energy", 2.0, 3]]
    log = json.loads((evolve(evolution(tmp_path, "run", 2, cases=cases)) / LOG).read_text())
    generations = [(seeds, loads) for seeds, loads in played_seeds if seeds[0] in TUNING_SEEDS]
    assert generations == [
        ([TUNING_SEEDS.start], {1.0}),
        ([TUNING_SEEDS.start + i for i in range(3)], {2.0}),
        ([TUNING_SEEDS.start + 3], {1.0}),
        ([TUNING_SEEDS.start + i for i in range(3, 6)], {2.0}),
    ]
    assert log["scores"] == [[1.75] * 4] * 2


def test_the_mean_may_begin_elsewhere_than_the_start(tmp_path) -> None:
    """Where one side of the start changes nothing, the first comparison is with the start itself
    all the same.
    """
    run = evolve(evolution(tmp_path, "run", 1, initial_mean={"cost.load": 4.5}, sigma=1e-9))
    log = json.loads((run / LOG).read_text())
    assert np.allclose(log["means"], [[0.0, 0.5]], atol=1e-7)
    plain = json.loads((evolve(evolution(tmp_path, "plain", 1)) / LOG).read_text())
    assert log["history"][0] == plain["history"][0]


def test_a_search_moves_to_another_scenario_with_its_shares_of_load() -> None:
    moved_search = moved_to(read_search(str(FOLDER / "overload.json")), "tight-energy")
    assert moved_search.start == "tight-energy"
    assert moved_search.cases == (
        ("tight-energy", 2.0, 1),
        ("tight-energy", 2.5, 2),
        ("tight-energy", 3.25, 8),
    )


def test_a_search_that_cannot_move_is_refused() -> None:
    search = read_search(str(FOLDER / "overload.json"))
    with pytest.raises(ValueError, match="no rule is tuned for 'Walker100'"):
        moved_to(search, "Walker100")
    two_scenarios = replace(search, cases=(*search.cases, ("faults", 1.0, 1)))
    with pytest.raises(ValueError, match="cases are all of the scenario that it starts from"):
        moved_to(two_scenarios, "faults")


@pytest.mark.parametrize("name", [path.name for path in sorted(FOLDER.glob("*.json"))])
def test_the_searches_that_ship_are_read(name) -> None:
    search = read_search(str(FOLDER / name))
    assert search.directions
    assert all(np.any(direction(name, search.start)) for name in search.directions)


def test_a_search_of_version_0_1_goes_on(tmp_path) -> None:
    out = evolve(evolution(tmp_path, "run", 1))
    log = json.loads((out / LOG).read_text())
    earlier = {new: old for old, new in RENAMED_KEYS.items()}
    search = {earlier.get(key, key): value for key, value in log["config"]["search"].items()}
    assert {"rows", "free", "first", "per_row"} <= set(search)
    config = {"search": search, "seed": log["config"]["seed"]}
    del log["config"]
    (out / LOG).write_text(json.dumps({"asked": config, **log}))
    evolve(evolution(tmp_path, "run", 2))
    assert len(json.loads((out / LOG).read_text())["means"]) == 2
    path = tmp_path / "old.json"
    path.write_text(json.dumps(search))
    assert read_search(str(path)).initial_mean == {}
