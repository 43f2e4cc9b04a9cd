"""Train an agent and evaluate it against every baseline: ``python train.py --scenario ThreeBody12
--out runs/demo``.
"""

import sys
from pathlib import Path

import tyro

from agents.evaluate import Evaluation, evaluate
from agents.evaluation.policy_kinds import BASELINES
from agents.training.config import TrainingConfig
from agents.training.train import Interrupted, train
from orbit_gym.utils.errors import fail_cleanly


def train_and_evaluate(settings: TrainingConfig) -> None:
    """Train, then score the run on held-out episodes.

    With its untrained control and every baseline, on the same episodes.
    """
    try:
        out = train(settings)
    except Interrupted as stop:
        print(stop, file=sys.stderr)
        sys.exit(130)
    print(f"trained; the best policy by validation is in {out / 'best.pt'}")
    if settings.evaluate:
        evaluate(evaluation_of(settings, out))


def evaluation_of(settings: TrainingConfig, out: Path) -> Evaluation:
    """The evaluation that belongs to a run, written into its folder."""
    return Evaluation(
        policies=(*BASELINES, str(out)),
        scenario=settings.scenario,
        seeds=settings.eval_episodes,
        out=str(out),
        processes=settings.processes,
        overwrite=True,  # the run's own folder: results of an earlier, shorter run
    )


if __name__ == "__main__":
    fail_cleanly(lambda: train_and_evaluate(tyro.cli(TrainingConfig)))
