"""Several scenarios in one training vector: their observations padded with empty rows to one
shape.
"""

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3.common.vec_env import VecEnv

from orbit_gym.observation import GROUND_SLOTS, observation_space

Observations = dict[str, np.ndarray]


class MixedVecEnv(VecEnv):
    """Steps its parts one after the other; candidates and link slots are those of the largest part.

    Rejection is the last action of every part and of the whole. Empty rows are zero, have no plan,
    and change nothing for a network that scores rows (agents.policies.network.candidate_scorer).
    """

    def __init__(self, parts: Sequence[VecEnv]) -> None:
        """Take vectors whose observations are OrbitGym's."""
        self.parts = list(parts)
        shapes = [part.observation_space["links"].shape for part in parts]  # type: ignore[index]
        self.n_candidates, slots = (max(shape[axis] for shape in shapes) for axis in (0, 1))
        self.ends = np.cumsum([part.num_envs for part in parts])
        space = observation_space(self.n_candidates, slots - GROUND_SLOTS)
        super().__init__(int(self.ends[-1]), space, gym.spaces.Discrete(self.n_candidates + 1))
        self._blocks = {
            key: np.zeros((self.num_envs, *box.shape), np.float32)  # type: ignore[misc]
            for key, box in space.spaces.items()
        }

    def reset(self) -> Observations:
        """Start an episode in every member."""
        return self._with_empty_rows([part.reset() for part in self.parts])  # type: ignore[misc]

    def step_async(self, actions: np.ndarray) -> None:
        """Hand every part its own actions; the whole's rejection becomes the part's."""
        for part, part_actions in zip(
            self.parts, np.split(np.asarray(actions, np.int64), self.ends[:-1])
        ):
            own_reject = int(part.action_space.n) - 1  # type: ignore[attr-defined]
            part.step_async(
                np.where(
                    part_actions == self.n_candidates,
                    own_reject,
                    np.minimum(part_actions, own_reject),
                )
            )

    def step_wait(self) -> Any:
        """Results of all parts; the last observations of ended episodes are padded too."""
        observations, rewards, dones, infos = zip(
            *(part.step_wait() for part in self.parts), strict=True
        )
        rows = [row for part in infos for row in part]
        for row in rows:
            if "terminal_observation" in row:
                row["terminal_observation"] = self._padded_one(row["terminal_observation"])
        return (
            self._with_empty_rows(list(observations)),
            np.concatenate(rewards),
            np.concatenate(dones),
            rows,
        )

    def _with_empty_rows(self, observations: Sequence[Observations]) -> Observations:
        """One batch from those of all parts."""
        first = 0
        for rows, end in zip(observations, self.ends.tolist()):
            for key, block in rows.items():
                self._blocks[key][
                    (slice(first, end), *(slice(size) for size in block.shape[1:]))
                ] = block
            first = end
        return {key: block.copy() for key, block in self._blocks.items()}

    def _padded_one(self, observation: Observations) -> Observations:
        """One member's observation in the shape of the whole."""
        arrays = {key: np.zeros(block.shape[1:], np.float32) for key, block in self._blocks.items()}
        for key, block in observation.items():
            arrays[key][tuple(slice(size) for size in block.shape)] = block
        return arrays

    # --- the rest of the interface

    def close(self) -> None:
        """Close all parts."""
        for part in self.parts:
            part.close()

    def env_method(
        self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any
    ) -> list[Any]:
        """Only action_masks, which sb3-contrib asks for: one row a member."""
        if method_name != "action_masks":
            raise AttributeError(
                f"a mixture of scenarios has no method {method_name!r} of single members"
            )
        masks = np.zeros((self.num_envs, self.n_candidates + 1), np.bool_)
        masks[:, -1] = True
        first = 0
        for part, end in zip(self.parts, self.ends.tolist()):
            part_masks = np.stack(part.env_method("action_masks"))
            masks[first:end, : part_masks.shape[1] - 1] = part_masks[:, :-1]
            first = end
        return list(masks[list(self._get_indices(indices))])

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The same attribute of every member; AttributeError if a part has none."""
        values = [value for part in self.parts for value in part.get_attr(attr_name)]
        return [values[index] for index in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Refused: members have no attributes of their own."""
        raise AttributeError(
            f"members of a mixture of scenarios have no attribute {attr_name!r} to set"
        )

    def env_is_wrapped(self, wrapper_class: type[gym.Wrapper], indices: Any = None) -> list[bool]:
        """No member is wrapped."""
        return [False] * len(list(self._get_indices(indices)))
