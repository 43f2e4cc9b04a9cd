"""Planners: sampled futures only, reproducible, exact in what they score, better than their rule.

Refusals.
"""

import numpy as np
import pytest

from agents.envs.episode_runner import play
from agents.evaluate import Evaluation, evaluate
from agents.evaluation import jobs
from agents.evaluation.load_policy import label, load_policy, parse
from agents.policies.linear_rule import EFT_ADMIT, choose_many
from agents.policies.planner.planner import (
    PLANNERS,
    EpisodePlanner,
    LookaheadConfig,
    Member,
    Planner,
    PlannerKind,
    fingerprint,
)
from agents.policies.planner.workspace import N_LOOKED
from orbit_gym.env import OrbitEnv
from orbit_gym.kernels.episode import Episode
from orbit_gym.kernels.state import copy_state
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.vector import OrbitVectorEnv
from tests.helpers.fake_env import FakeEnv

# A crowd for 45 s, due soon, so that what is accepted now keeps out what comes within seconds.
SHORT_SLACK = {"eo_scene": 0.05, "emergency_mapping": 0.07, "bulk_reprocessing": 0.02}
SHORT = {"episode_s": 45.0, "workload.load": 4.0, "workload.slack_scale": SHORT_SLACK}
FAULTS = {"faults.enabled": True, "faults.reset_mean_s": 3_000.0, "faults.link_up_fraction": 0.8}
QUICK = LookaheadConfig(
    candidates=3, futures=4, horizon_s=15.0, pool=4, hold_s=0.0, skips_small=False
)
FULL_EPISODE = LookaheadConfig(  # beyond the last delivery
    candidates=3,
    futures=1,
    initial_futures=1,
    pool=1,
    horizon_s=20_000.0,
    hold_s=0.0,
    z_switch=0.0,
    skips_small=False,
)
N_DECISIONS_BEFORE = 60  # decisions after which there are queues
CHOICE = 3  # plans in time to choose from


class Fixed:
    """A Simulation by itself, with futures from elsewhere."""

    def __init__(self, simulation: Simulation, env: OrbitEnv) -> None:
        self.running, self.env = simulation, env

    def simulation(self) -> Simulation:
        return self.running

    def sample_future(self, rng: np.random.Generator) -> Episode:
        return self.env.sample_future(rng)


def by_rule(simulation: Simulation) -> int:
    """Action of eft_admit."""
    out, obs = np.zeros(1, np.int64), simulation.observe()
    choose_many(
        obs["task"][None], obs["nodes"][None], simulation.action_masks()[None], EFT_ADMIT, out
    )
    return int(out[0])


def start_later(
    overrides: dict, seed: int = 1, name: str = "Ring12"
) -> tuple[OrbitEnv, Simulation]:
    """An environment, and its Simulation at the first decision with a choice after LATER decisions
    of the rule.
    """
    env = OrbitEnv(name, overrides=overrides)
    env.reset(seed=seed)
    simulation = env.simulation
    while (
        simulation.task_index < N_DECISIONS_BEFORE
        or sum(simulation.plan(k).on_time for k in range(simulation.n_candidates)) < CHOICE
    ):
        simulation.step(by_rule(simulation))
    return env, simulation


def with_another_future(simulation: Simulation) -> Simulation:
    """The same State and task at hand in an episode whose later tasks are worth something else and
    come from elsewhere.
    """
    tasks, task_index = simulation.episode.tasks.copy(), simulation.task_index
    tasks["value"][task_index + 1 :] = 9.0
    tasks["origin"][task_index + 1 :] = 0
    tasks["slack_s"][task_index + 1 :] = 20.0
    faults = simulation.episode.faults[simulation.episode.faults["strike_s"] <= simulation.time_s]
    return simulation.fork(simulation.episode._replace(tasks=tasks, faults=faults))


@pytest.mark.parametrize("overrides", [SHORT, SHORT | FAULTS], ids=["calm", "faults"])
def test_rollout_never_sees_the_true_future(overrides: dict) -> None:
    """Same State, another future: same action and scores.

    The clairvoyant's scores change, so the test can tell.
    """
    env, simulation = start_later(overrides)
    other = with_another_future(simulation)
    for config, knows, is_same in ((QUICK, False, True), (FULL_EPISODE, True, False)):
        planners = [
            EpisodePlanner(Fixed(item, env), config, EFT_ADMIT, knows)
            for item in (simulation, other)
        ]
        actions = [planner.decide() for planner in planners]
        assert np.isfinite(planners[0].values).sum() >= 2
        assert np.array_equal(planners[0].values, planners[1].values, equal_nan=True) == is_same
        assert not is_same or actions[0] == actions[1]


def test_only_what_can_displace_something_is_looked_at() -> None:
    """An alert or a request is left to the rule, a chunk of a scene is not: by the size of the
    task, not by its class.
    """
    env, simulation = start_later({"episode_s": 300.0, "workload.load": 3.0})
    config = LookaheadConfig(**(vars(QUICK) | {"skips_small": True}))
    sizes: list[bool] = []
    while min(sizes.count(True), sizes.count(False)) < 2:
        action, task = by_rule(simulation), simulation.episode.tasks[simulation.task_index]
        is_language = task["prefill_flop"] > 0.0  # some are long, some are not
        is_large = bool(task["vision_flop"] > 1e15 or task["result_bits"] > 1e8)
        if (
            not is_language
            and sizes.count(is_large) < 2
            and action < simulation.n_candidates
            and simulation.plan(action).load_s == 0.0
        ):
            planner = EpisodePlanner(Fixed(simulation, env), config, EFT_ADMIT, False)
            planner.decide()
            assert (planner.counts[N_LOOKED] > 0) == is_large
            sizes.append(is_large)
        simulation.step(action)


@pytest.mark.parametrize("leaves", [False, True])
def test_a_verdict_for_the_rule_stands_for_tasks_of_the_same_kind(
    leaves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the rule is right, each kind is looked at once.

    Where it is left, every task is, since leaving it is no habit.
    """
    env, simulation = start_later(SHORT)
    planner = EpisodePlanner(
        Fixed(simulation, env), LookaheadConfig(**(vars(QUICK) | {"hold_s": 1e6})), EFT_ADMIT, False
    )
    rejects = simulation.n_candidates
    looks: list[tuple] = []

    def look() -> int:
        looks.append(kind)
        planner.values[:] = 0.0
        return rule_action if not leaves else rejects if rule_action < rejects else 0

    monkeypatch.setattr(planner, "_look", look)
    n_known = 0
    while not simulation.is_over and n_known < 40:
        rule_action, task = by_rule(simulation), simulation.episode.tasks[simulation.task_index]
        kind = (
            int(task["model"]),
            round(float(np.log2(1.0 + task["result_bits"]))),
            rule_action < rejects,
        )
        is_known, n_before = kind in looks, len(looks)
        action = planner.decide()
        n_known += is_known
        assert len(looks) - n_before == (leaves or not is_known)
        assert (action == rule_action) != leaves
        simulation.step(rule_action)
    assert n_known == 40 and len(set(looks)) > 2


def test_planning_leaves_the_episode_as_it_is() -> None:
    _, simulation = start_later(SHORT | FAULTS)
    env, _ = start_later(SHORT | FAULTS)
    state_before = copy_state(simulation.state)
    EpisodePlanner(Fixed(simulation, env), QUICK, EFT_ADMIT, False).decide()
    for name, array in state_before._asdict().items():
        assert array.tobytes() == getattr(simulation.state, name).tobytes(), name


@pytest.mark.parametrize("overrides", [SHORT, SHORT | FAULTS], ids=["calm", "faults"])
def test_clairvoyant_counts_what_then_happens(overrides: dict) -> None:
    """Its score of every action tried is what a fork delivers that takes the action and then
    follows the rule to the end.
    """
    env, simulation = start_later(overrides)
    planner = EpisodePlanner(Fixed(simulation, env), FULL_EPISODE, EFT_ADMIT, True)
    best_action = planner.decide()
    scored_actions = np.flatnonzero(np.isfinite(planner.values))
    assert (
        scored_actions.size >= 2
        and planner.values[best_action] == planner.values[scored_actions].max()
    )
    for action in scored_actions.tolist():
        fork, value = simulation.fork(), 0.0
        reward, is_over = fork.step(action)
        while True:
            value += reward
            if is_over:
                break
            reward, is_over = fork.step(by_rule(fork))
        assert planner.values[action] == pytest.approx(value, abs=1e-9)


def test_what_the_clairvoyant_reaches_is_no_less_than_it_scored_first() -> None:
    """It may always go on with the rule, so no later decision can lose what an earlier one has
    found.
    """
    env = OrbitVectorEnv(1, "Ring12", overrides=SHORT, autoreset_mode="Disabled")
    planner = Planner(FULL_EPISODE, EFT_ADMIT, knows_future=True)
    env.reset(seed=1)
    first = EpisodePlanner(Member(env, 0), FULL_EPISODE, EFT_ADMIT, True)
    first.decide()
    metrics = play(env, planner, [1])[0]
    assert metrics["delivered_value"] >= np.nanmax(first.values) > 0.0


def test_same_seed_same_actions_and_rollout_beats_its_rule() -> None:
    """Longer than the horizon, which reaches beyond the end that no planner knows of."""
    overrides = SHORT | {"episode_s": 150.0}
    env = OrbitVectorEnv(2, "Ring12", overrides=overrides, autoreset_mode="Disabled")
    first_run = play(env, Planner(QUICK, EFT_ADMIT), [5, 6])
    assert (
        play([OrbitEnv("Ring12", overrides=overrides)], Planner(QUICK, EFT_ADMIT), [6])[0]
        == first_run[1]
    )  # alone, in a single one
    rule = play(env, load_policy(parse("eft_admit"), env), [5, 6])
    assert sum(item["delivered_value"] for item in first_run) > sum(
        item["delivered_value"] for item in rule
    )


def test_the_seed_of_the_planner_is_its_own() -> None:
    env, simulation = start_later(SHORT)
    planners = [
        EpisodePlanner(
            Fixed(simulation, env),
            LookaheadConfig(**(vars(QUICK) | {"seed": seed})),
            EFT_ADMIT,
            False,
        )
        for seed in (0, 0, 1)
    ]
    releases = [planner.futures.tasks["release_s"] for planner in planners]
    assert np.array_equal(releases[0], releases[1])
    assert releases[0].shape != releases[2].shape or not np.array_equal(releases[0], releases[2])
    true_s = set(simulation.episode.tasks["release_s"].tolist())
    assert not true_s & set(releases[0].ravel().tolist())


def test_futures_go_on_after_the_end_that_nobody_knows_of() -> None:
    env, simulation = start_later(SHORT)
    planner = EpisodePlanner(Fixed(simulation, env), QUICK, EFT_ADMIT, False)
    for tasks, count in zip(planner.futures.tasks, planner.futures.n_tasks):
        assert tasks["release_s"][count - 1] > simulation.episode.span_s[1] + QUICK.horizon_s


def test_more_actions_tried_are_the_next_of_the_rule_and_never_late() -> None:
    env, simulation = start_later(SHORT)
    planner = EpisodePlanner(
        Fixed(simulation, env),
        LookaheadConfig(**(vars(QUICK) | {"candidates": 13})),
        EFT_ADMIT,
        False,
    )
    planner.decide()
    candidate_actions = planner.workspace.candidate_actions[
        : np.isfinite(planner.values).sum()
    ].tolist()
    plans = [simulation.plan(k) for k in candidate_actions[:-1]]
    assert candidate_actions[-1] == simulation.n_candidates  # rejection is always among them
    assert (
        all(plan.on_time for plan in plans)
        and len(set(candidate_actions)) == len(candidate_actions) > 2
    )
    assert [plan.delivery_s for plan in plans] == sorted(
        plan.delivery_s for plan in plans
    )  # eft_admit's order


def test_evaluation_by_name_goes_on_after_an_interruption(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(
        "agents.policies.planner.planner.PLANNERS",
        {"rollout": PlannerKind(QUICK, False), "clairvoyant": PlannerKind(FULL_EPISODE, True)},
    )
    evaluation = Evaluation(
        ("eft_admit", "rollout", "clairvoyant"), "Ring12", 2, split="train", first_seed=1,
        out=str(tmp_path), processes=1,
        overrides={"episode_s": 10.0, "workload.load": 4.0},
    )  # fmt: skip
    jobs_played, original = [], jobs.play_job

    def stops_at_the_third_plan(job, members):
        jobs_played.append((job.spec.name, job.seeds))
        if sum(name != "eft_admit" for name, _ in jobs_played) == 3:
            raise KeyboardInterrupt
        return original(job, members)

    monkeypatch.setattr(jobs, "play_job", stops_at_the_third_plan)
    with pytest.raises(KeyboardInterrupt):
        evaluate(evaluation)
    jobs_before, jobs_played[:] = list(jobs_played), [("rollout", ())] * 4
    results = evaluate(evaluation)
    assert not {item for item in jobs_played[4:] if item[0] != "eft_admit"} & set(jobs_before[:-1])
    assert len(results["policies"]["clairvoyant"]["served_value_fraction"]["episodes"]) == 2
    assert (
        "yardstick" in label(parse("clairvoyant"))
        and "yardstick" in results["labels"]["clairvoyant"]
    )


def test_episodes_of_one_planner_stay_when_another_changes(monkeypatch) -> None:
    fingerprints = {name: fingerprint(name) for name in PLANNERS}
    monkeypatch.setitem(PLANNERS, "clairvoyant", PlannerKind(FULL_EPISODE, True))
    assert (
        fingerprint("rollout")
        == fingerprints["rollout"]
        != fingerprints["clairvoyant"]
        != fingerprint("clairvoyant")
    )


BAD = [
    ({"candidates": 1}, "candidates must be at least 2, got 1"),
    ({"futures": 0}, "futures must be at least 1, got 0"),
    ({"pool": 8}, r"pool must be at least futures \(16\), got 8"),
    ({"horizon_s": 0.0}, "horizon_s must be positive, got 0"),
    ({"switch_horizon_s": 0.0}, "switch_horizon_s must be positive, got 0"),
    ({"horizon_s": float("nan")}, "horizon_s must be a number from 0 on, got nan"),
    ({"z_eliminate": -1.0}, "z_eliminate must be a number from 0 on, got -1.0"),
]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_knobs_that_make_no_sense_are_refused(changes, message) -> None:
    with pytest.raises(ValueError, match=message):
        LookaheadConfig(**changes)


def test_planners_need_a_simulation_and_a_mix() -> None:
    env = OrbitVectorEnv(1, "Tiny", autoreset_mode="Disabled")
    observation, _ = env.reset(seed=1)
    with pytest.raises(RuntimeError, match="call attach"):
        Planner(QUICK, EFT_ADMIT).predict(observation)
    with pytest.raises(ValueError, match="OrbitGym's own environments only"):
        Planner(QUICK, EFT_ADMIT).attach([FakeEnv()])
    with pytest.raises(ValueError, match="no future can be sampled"):
        play(env, Planner(QUICK, EFT_ADMIT), [1])
    assert (
        play(env, Planner(FULL_EPISODE, EFT_ADMIT, True), [1])[0]["delivered_value"] == 10.0
    )  # the best there is (tests/test_tiny.py)
