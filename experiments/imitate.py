"""Learn from demonstrations: ``python -m experiments.imitate --policy tuned --out runs/imitated``,
or ``--data expert/*.npz``.

Writes a run folder like train.py's (config.json, best.pt, last.pt), from which ``train.py --from
runs/imitated`` goes on with reinforcement learning. Losses: `choice`, cross-entropy to what the
expert chose; `soft`, to the soft-max of the values that look-ahead found; `gain`, minus the mean
value of what the network would choose among the tried actions. The last is linear in the values, so
that values from a single future are enough: their noise averages out over decisions.
"""

import math
import shlex
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
import tyro
from tqdm import tqdm, trange

from agents.algorithms.registry import DEFAULT, build_policy
from agents.envs.episode_runner import play
from agents.envs.problem import Problem
from agents.evaluation.load_policy import load_policy, parse
from agents.evaluation.stored_network import read_network
from agents.experimental_protocol import VALIDATION_EPISODES, VALIDATION_MEMBERS, VALIDATION_SEEDS
from agents.policies.network.rule_prior import NetworkInputs
from agents.policies.network.sb3_policies import Network
from agents.policies.protocol import Environments, Policy
from agents.training.config import TrainingConfig, recipe_for
from agents.training.train import Interrupted, describe_run, refuse_used_folder
from agents.utils.checkpoints import (
    BEST,
    CONFIG,
    LAST,
    load_checkpoint,
    load_weights,
    read_json,
    save_checkpoint,
    write_json,
)
from agents.utils.options import PositiveInt, check_ranges
from experiments.demonstrations import (
    MEMBERS,
    Demonstrations,
    collect,
    concatenate,
    read_demonstrations,
    save_demonstrations,
)
from orbit_gym.simulation.metric_table import HEADLINE
from orbit_gym.utils.errors import fail_cleanly
from orbit_gym.utils.kernel_cache import announce_compilation
from orbit_gym.vector import OrbitVectorEnv

HELD_OUT = 0.1  # share of the decisions that only measure, the last ones of each file
CHUNK = 2048  # decisions scored at once


@dataclass(frozen=True)
class Imitation:
    """Learn a policy from demonstrations."""

    out: str = "runs/imitated"
    """Folder of the run."""
    scenario: str = "ThreeBody12"
    """Scenario that a policy is played on, and that validates."""
    policy: str = "eft_admit"
    """Policy to imitate where no --data is given: any name that agents.evaluate knows."""
    data: tuple[str, ...] = ()
    """Files of demonstrations (npz)."""
    decisions: PositiveInt = 50_000
    """Decisions to collect from the policy."""
    every: PositiveInt = 5
    """Of an episode, every so many decisions are kept: neighbours are alike."""
    loads: tuple[float, float] | None = None
    """Range that the load of each collected episode is drawn from."""
    loss: Literal["choice", "soft", "gain"] = "choice"
    """What is learned."""
    temperature: float = 0.05
    """Of the soft-max over values, in units of value (soft)."""
    hold: float = 0.0
    """Weight of the divergence from the policy at the start (gain), in units of value."""
    epochs: PositiveInt = 10
    """Passes over the data."""
    batch_size: PositiveInt = 512
    """Decisions in a minibatch."""
    learning_rate: float = 1e-3
    """Of Adam; falls linearly to a tenth."""
    seed: int = 0
    """Of weights, order and episodes."""
    recipe: str | None = None
    """JSON file whose network settings are used."""
    start: Annotated[str | None, tyro.conf.arg(name="from")] = None
    """Run folder or `pretrained` to start from."""
    validations: PositiveInt = 2
    """How often the policy is validated after the start; the best one is kept."""
    validation_episodes: PositiveInt = VALIDATION_EPISODES
    """Episodes of each validation."""
    resume: bool = False
    """Go on with the run in --out."""

    def __post_init__(self) -> None:
        """Check ranges."""
        check_ranges(self)
        for name in ("temperature", "learning_rate"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise ValueError(
                    f"--{name.replace('_', '-')} must be positive and finite, got "
                    f"{getattr(self, name)}"
                )
        if self.loss != "choice" and not self.data:
            raise ValueError(f"--loss {self.loss} needs --data with values of look-ahead")


class Examples:
    """Demonstrations as the network reads them."""

    def __init__(self, examples_: Demonstrations, policy: Any) -> None:
        """Prepare all decisions once."""
        self.inputs: NetworkInputs = policy.features_extractor.prepare(
            examples_.observation(np.arange(examples_.size))
        )
        self.action, self.values = (
            torch.from_numpy(examples_.action),
            torch.from_numpy(examples_.values),
        )

    def loss(
        self, policy: Any, rows: torch.Tensor, options: Imitation
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean loss of some decisions, and (gain in value, share that agrees with the expert)."""
        inputs, action, values = self.inputs.take(rows), self.action[rows], self.values[rows]
        logits = policy.mlp_extractor.forward_actor(policy.features_extractor.encode(inputs))
        is_tried = values.isfinite() & inputs.valid
        tried_values = torch.where(is_tried, values, 0.0)
        with torch.no_grad():
            agrees = (logits.argmax(dim=1) == action).float().mean()
            gain = expected_gain(logits, inputs.prior, tried_values, is_tried)
        if options.loss == "choice":
            loss = torch.nn.functional.cross_entropy(logits, action)
        elif options.loss == "soft":
            target = torch.softmax(
                (values / options.temperature).masked_fill(~is_tried, -torch.inf), dim=1
            )
            usable = is_tried.any(dim=1)
            loss = -(target * torch.log_softmax(logits, dim=1))[usable].sum(dim=1).mean()
        else:
            tried_probs = torch.softmax(logits.masked_fill(~is_tried, -1e8), dim=1)
            start = torch.log_softmax(inputs.prior.masked_fill(~inputs.valid, -1e8), dim=1)
            log_probs = torch.log_softmax(logits, dim=1)
            divergence = (log_probs.exp() * (log_probs - start)).sum(dim=1).mean()
            loss = (
                -(
                    (tried_probs * tried_values).sum(dim=1)
                    - tried_values.sum(dim=1) / is_tried.sum(dim=1).clamp(min=1)
                ).mean()
                + options.hold * divergence
            )
        return loss, torch.stack([gain, agrees])


def expected_gain(
    logits: torch.Tensor, prior: torch.Tensor, values: torch.Tensor, is_tried: torch.Tensor
) -> torch.Tensor:
    """Return what one decision of a kind would gain.

    Mean value of the best tried action by the logits, minus that by the rule's logits.
    """
    best = [
        examples_.masked_fill(~is_tried, -torch.inf).argmax(dim=1, keepdim=True)
        for examples_ in (logits, prior)
    ]
    return (values.gather(1, best[0]) - values.gather(1, best[1])).mean()


def imitate(options: Imitation) -> Path:
    """Learn (or go on) and return the run folder.

    ValueError before any long work if that cannot be done.
    """
    torch.set_num_threads(1)
    out = Path(options.out)
    if not options.resume:
        refuse_used_folder(out)
    elif not (out / CONFIG).is_file():
        raise ValueError(f"{out} holds no run to resume; start one without --resume")
    network, weights = initial_network(options)
    checkpoint = load_checkpoint(out / LAST) if options.resume and (out / LAST).is_file() else None
    if options.resume:
        network = read_json(out / CONFIG)["recipe"]["network"]
    files = [read_demonstrations(Path(name)) for name in options.data]
    announce_compilation()
    envs = Problem(options.scenario, "validation").make_envs(
        min(options.validation_episodes, VALIDATION_MEMBERS)
    )
    assert isinstance(envs, OrbitVectorEnv)
    torch.manual_seed(options.seed)
    policy: Any = build_policy(
        DEFAULT,
        envs.single_observation_space,  # type: ignore[arg-type]
        envs.single_action_space,  # type: ignore[arg-type]
        network,
    )
    if weights is not None:
        load_weights(policy, weights, Path(str(options.start)))
    if not options.resume:
        out.mkdir(parents=True, exist_ok=True)
        write_json(out / CONFIG, describe(options, network))
    files = files or [demonstrations(options, out)]
    Learner(options, out, policy, network, envs, checkpoint).learn(files)
    return out


def initial_network(options: Imitation) -> tuple[Network, dict[str, torch.Tensor] | None]:
    """Network settings and weights to start from."""
    if options.start is not None:
        _, network, weights = read_network(options.start)
        return network, weights
    return recipe_for(TrainingConfig(recipe=options.recipe)).network, None


def describe(options: Imitation, network: Network) -> dict[str, Any]:
    """config.json: as train.py writes it, with what was asked here beside it."""
    recipe = recipe_for(TrainingConfig(recipe=options.recipe))
    settings = TrainingConfig(
        scenario=options.scenario,
        out=options.out,
        seed=options.seed,
        recipe=options.recipe,
        start=options.start,
    )
    run = describe_run(settings, recipe)
    run["recipe"]["network"] = network
    return run | {
        "imitation": asdict(options),
        "command": shlex.join(["python", "-m", "experiments.imitate", *sys.argv[1:]]),
    }


def demonstrations(options: Imitation, out: Path) -> Demonstrations:
    """Decisions of the policy to imitate; collected once, kept in the run folder."""
    path = out / "demonstrations.npz"
    if not path.is_file():
        envs = Problem(options.scenario, "train").make_envs(MEMBERS)
        assert isinstance(envs, OrbitVectorEnv)
        policy = load_policy(parse(options.policy), envs, options.seed)
        save_demonstrations(
            path,
            collect(policy, envs, options.decisions, options.every, options.seed, options.loads),
        )
    return read_demonstrations(path)


class Learner:
    """Passes over the data, validation, and files."""

    def __init__(
        self,
        options: Imitation,
        out: Path,
        policy: Any,
        network: Network,
        envs: Environments,
        checkpoint: dict[str, Any] | None,
    ) -> None:
        """Take the policy, or put it back to where a checkpoint left it."""
        self.options, self.out, self.policy, self.network, self.envs = (
            options,
            out,
            policy,
            network,
            envs,
        )
        self.optimizer = torch.optim.Adam(policy.parameters(), lr=options.learning_rate, fused=True)
        self.history: list[dict[str, Any]] = []
        self.epoch = self.n_decisions = 0
        if checkpoint is not None:
            load_weights(policy, checkpoint["weights"], out / LAST)
            self.optimizer.load_state_dict(checkpoint["optimizer"])
            self.history, self.epoch, self.n_decisions = (
                checkpoint["history"],
                checkpoint["updates"],
                checkpoint["timesteps"],
            )

    def learn(self, files: list[Demonstrations]) -> None:
        """Go through all epochs that are left."""
        cuts = [int(examples_.size * (1.0 - HELD_OUT)) for examples_ in files]
        train = Examples(
            concatenate([cut(examples_, 0, at) for examples_, at in zip(files, cuts)]), self.policy
        )
        validation_set = Examples(
            concatenate([cut(examples_, at, examples_.size) for examples_, at in zip(files, cuts)]),
            self.policy,
        )
        every = math.ceil(self.options.epochs / self.options.validations)
        try:
            if not self.history:
                self.validate(validation_set)
            for _ in trange(
                self.epoch,
                self.options.epochs,
                initial=self.epoch,
                total=self.options.epochs,
                desc="learning",
                unit=" epochs",
            ):
                self.one_epoch(train)
                if self.epoch % every == 0 or self.epoch == self.options.epochs:
                    self.validate(validation_set)
                self.save(LAST)
        except KeyboardInterrupt:
            raise Interrupted(
                f"interrupted; add --resume to go on from epoch {self.epoch}"
            ) from None

    def one_epoch(self, train: Examples) -> None:
        """One pass in an order that the seed and the epoch decide."""
        order = torch.randperm(
            len(train.action),
            generator=torch.Generator().manual_seed(self.options.seed * 10_000 + self.epoch),
        )
        for rows in order.split(self.options.batch_size):
            left = 1.0 - self.n_decisions / (len(order) * self.options.epochs)
            self.optimizer.param_groups[0]["lr"] = self.options.learning_rate * (
                0.1 + 0.9 * max(left, 0.0)
            )
            loss, _ = train.loss(self.policy, rows, self.options)
            self.optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.policy.parameters(), 1.0)
            self.optimizer.step()
            self.n_decisions += len(rows)
        self.epoch += 1

    @torch.no_grad()
    def held_out(self, validation_set: Examples) -> dict[str, float]:
        """Loss, gain and agreement on decisions that nothing is learned from."""
        total, parts = torch.zeros(()), torch.zeros(2)
        for rows in torch.arange(len(validation_set.action)).split(CHUNK):
            loss, measures = validation_set.loss(self.policy, rows, self.options)
            total, parts = total + loss * len(rows), parts + measures * len(rows)
        mean = [float(value) / len(validation_set.action) for value in (total, *parts)]
        return dict(
            zip(("held_out_loss", "held_out_gain", "held_out_agreement"), mean, strict=True)
        )

    def validate(self, validation_set: Examples) -> None:
        """Measure on held-out decisions and episodes; keep the policy if it is the best so far."""
        policy: Policy = self.policy
        seeds = VALIDATION_SEEDS[: self.options.validation_episodes]
        fractions = [metrics[HEADLINE] for metrics in play(self.envs, policy, seeds)]
        best = max((entry[HEADLINE] for entry in self.history), default=-math.inf)
        mean, measures = float(np.mean(fractions)), self.held_out(validation_set)
        entry = {
            "timesteps": self.n_decisions,
            HEADLINE: mean,
            "episodes": fractions,
            "scenarios": [self.options.scenario],
        }
        self.history.append(entry | measures)
        if mean > best:
            self.save(BEST)
        self.save(LAST)
        text = ", ".join(
            f"{name.replace('_', ' ')} {value:.4f}" for name, value in measures.items()
        )
        tqdm.write(f"epoch {self.epoch}: validation {HEADLINE} {mean:.4f}, {text}")

    def save(self, name: str) -> None:
        """Write one checkpoint, of the same form as train.py's."""
        content = {
            "algo": DEFAULT,
            "network": dict(self.network),
            "weights": self.policy.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "timesteps": self.n_decisions,
            "updates": self.epoch,
            "history": self.history,
        }
        save_checkpoint(self.out / name, content)


def cut(examples_: Demonstrations, first: int, end: int) -> Demonstrations:
    """Decisions first to end - 1."""
    return Demonstrations(*(block[first:end] for block in examples_))


def main() -> None:
    """Command line."""
    fail_cleanly(
        lambda: print(
            f"learned; the best policy by validation is in {imitate(tyro.cli(Imitation)) / BEST}"
        )
    )


if __name__ == "__main__":
    main()
