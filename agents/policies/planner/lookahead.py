"""Look-ahead, one compiled call a decision: try a few actions in forks of the State against the
same futures, going on by a rule.

`decide` compares actions at the task at hand, with one rule after it; `pick` compares rules, each
followed from the task at hand on.

The root is a fork of the running State whose task at hand has index 0; what comes after it is cut
out of sampled episodes (Futures) at the clock. The true episode is not an argument: nothing here
can see it. All memory is given (Bench), none is allocated.
"""

import math

import numpy as np

from agents.policies.linear_rule import (
    LANES,
    LOAD,
    ON_TIME,
    RESULT,
    SERVICE,
    START,
    choose,
    seconds,
)
from agents.policies.planner.workspace import (
    N_LOOKED,
    N_ROLLED,
    N_STEPPED,
    Bench,
    Futures,
    Knobs,
    Rule,
)
from agents.utils.jit import inline_kernel, threaded_kernel
from orbit_gym.kernels.faults import strike_until
from orbit_gym.kernels.state import Scratch, State
from orbit_gym.kernels.step import step
from orbit_gym.observation import COLUMNS, RESULT_SIZE
from orbit_gym.world.layout import World

ARRIVAL = COLUMNS["nodes"]["plan_arrival"]
# What is small: an alert, a frame or a request, not a chunk of a scene (18 s) nor the result of a
# mapping (choice).
SMALL_S, SMALL_RESULT = (
    3.0,
    math.log1p(1e4) / RESULT_SIZE.log_limit,
)  # node-seconds; 10 Mbit on the scale of the column


@inline_kernel
def rank(
    task_row: np.ndarray,
    node_rows: np.ndarray,
    mask: np.ndarray,
    rule: Rule,
    allowed: np.ndarray,
    candidate_actions: np.ndarray,
) -> int:
    """Fill tried with the rule's choice, its next plans in time and rejection.

    Returns how many there are. allowed (n + 1,) is scratch.
    """
    n = node_rows.shape[0]
    for row in range(n):
        allowed[row] = mask[row] and node_rows[row, ON_TIME] > 0.5
    allowed[n] = True
    candidate_actions[0] = choose(task_row, node_rows, mask, rule.weights)
    count = 1
    room = candidate_actions.size
    if candidate_actions[0] < n:
        allowed[candidate_actions[0]] = False
        room -= 1
    while count < room:
        row = choose(task_row, node_rows, allowed, rule.ranking)
        if row == n:
            break
        candidate_actions[count] = row
        allowed[row] = False
        count += 1
    if candidate_actions[0] < n:
        candidate_actions[count] = n
        count += 1
    return count


@inline_kernel
def is_small(task_row: np.ndarray, node_rows: np.ndarray, action: int) -> bool:
    """Return whether an action's plan can displace next to nothing.

    No model load, a small result, and little work or no wait for it.
    """
    if (
        action == node_rows.shape[0]
        or node_rows[action, LOAD] > 0.0
        or task_row[RESULT] > SMALL_RESULT
    ):
        return False
    return (
        task_row[LANES] * seconds(task_row[SERVICE]) < SMALL_S
        or node_rows[action, START] <= node_rows[action, ARRIVAL]
    )


@inline_kernel
def _cut(tasks: np.ndarray, n_tasks: int, now_s: float, until_s: float, out: np.ndarray) -> int:
    """Write a future's tasks released after now and before until_s behind out's first row.

    Returns the rows used.
    """
    low, high = 0, n_tasks
    while low < high:
        middle = (low + high) // 2
        if tasks[middle].release_s <= now_s:
            low = middle + 1
        else:
            high = middle
    count = 1
    while low < n_tasks and tasks[low].release_s < until_s and count < out.size:
        out[count] = tasks[low]
        low += 1
        count += 1
    return count


@inline_kernel
def _next_fault(faults: np.ndarray, now_s: float) -> int:
    """Row of the first fault that strikes after now."""
    row = 0
    while row < faults.size and faults[row].strike_s <= now_s:
        row += 1
    return row


@inline_kernel
def _roll_out(
    world: World,
    work: State,
    scratch: Scratch,
    tasks: np.ndarray,
    faults: np.ndarray,
    until_s: float,
    action: int,
    weights: np.ndarray,
    bench: Bench,
) -> float:
    """Value delivered in time by an action and a rule after it, less what faults up to a time take.

    The fork `work` plays all tasks.
    """
    clock = work.clock[0]
    decision = bench.decision
    value = clock.revoked_value
    while True:
        step(world, work, scratch, tasks, faults, action, decision)
        bench.counts[N_STEPPED] += 1
        value += scratch.outcome[0].value
        if scratch.outcome[0].is_over == 1:
            strike_until(world, work, faults, until_s)
            return value - clock.revoked_value
        action = choose(decision.task, decision.nodes, decision.mask, weights)


@inline_kernel
def _paired(scores: np.ndarray, n: int, a: int, b: int) -> tuple[float, float]:
    """Mean of scores[a] - scores[b] over the first n futures, and its standard error."""
    mean = 0.0
    for k in range(n):
        mean += (scores[a, k] - scores[b, k]) / n
    squares = 0.0
    for k in range(n):
        squares += (scores[a, k] - scores[b, k] - mean) ** 2
    return mean, math.sqrt(squares / (n * max(n - 1, 1)))


@inline_kernel
def _best(bench: Bench, n_tried: int, n: int) -> int:
    """Place of the action of highest mean over n futures among those not dropped.

    Ties go to the earlier place.
    """
    best, greatest = 0, -math.inf
    for place in range(n_tried):
        total = 0.0
        for k in range(n):
            total += bench.scores[place, k]
        if not bench.is_out[place] and total > greatest:
            best, greatest = place, total
    return best


@inline_kernel
def _drop(bench: Bench, n_tried: int, n: int, z_drop: float) -> int:
    """Drop what lies clearly behind the best, and what scores the same as an earlier place.

    Returns how many are left.
    """
    best = _best(bench, n_tried, n)
    left = 0
    for place in range(n_tried):
        if bench.is_out[place]:
            continue
        mean, error = _paired(bench.scores, n, place, best)
        if place != best and (mean + z_drop * error < 0.0 or (mean == 0.0 and error == 0.0)):
            bench.is_out[place] = True
        else:
            left += 1
    return left


@inline_kernel
def _score(
    world: World,
    task_at_hand: np.ndarray,
    work: State,
    scratch: Scratch,
    futures: Futures,
    rules: np.ndarray,
    knobs: Knobs,
    bench: Bench,
    n_tried: int,
    future: int,
    k: int,
) -> None:
    """Score every action still in question against one future, column k of the scores.

    rules (n_tried or 1, n_weights) go on.
    """
    now_s = task_at_hand[0].release_s
    until_s = now_s + knobs.horizon_s
    bench.windows[k, 0] = task_at_hand[0]
    bench.n_window[k] = _cut(
        futures.tasks[future], futures.n_tasks[future], now_s, until_s, bench.windows[k]
    )
    tasks = bench.read_windows[k][: bench.n_window[k]]
    faults = futures.faults[future][: futures.n_faults[future]]
    next_fault = _next_fault(faults, now_s)
    for place in range(n_tried):
        if bench.is_out[place]:
            continue
        for word in range(bench.words.shape[1]):
            bench.words[1, word] = bench.words[0, word]
        work.clock[0].next_fault = next_fault
        rule = rules[min(place, rules.shape[0] - 1)]
        bench.scores[place, k] = _roll_out(
            world,
            work,
            scratch,
            tasks,
            faults,
            until_s,
            bench.candidate_actions[place],
            rule,
            bench,
        )
        bench.n_scored[place] = k + 1
        bench.counts[N_ROLLED] += 1


@inline_kernel
def _compare(
    world: World,
    task_at_hand: np.ndarray,
    work: State,
    scratch: Scratch,
    futures: Futures,
    first_future: int,
    rules: np.ndarray,
    knobs: Knobs,
    bench: Bench,
    n_tried: int,
) -> int:
    """Score what is tried against more and more futures until one is left or all have been seen.

    Returns how many were.
    """
    n_futures = bench.n_window.size
    bench.is_out[:] = False
    done, target = 0, min(knobs.n_first, n_futures)
    while True:
        for k in range(done, target):
            future = (first_future + k) % futures.n_tasks.size
            _score(
                world, task_at_hand, work, scratch, futures, rules, knobs, bench, n_tried, future, k
            )
        done = target
        if done == n_futures or _drop(bench, n_tried, done, knobs.z_drop) == 1:
            return done
        target = min(2 * done, n_futures)


@inline_kernel
def _verdict(bench: Bench, n_tried: int, done: int, usual: int, z_leave: float) -> int:
    """Place of what is best, or the usual one unless it is left by enough."""
    best = _best(bench, n_tried, done)
    if bench.is_out[usual]:
        return best
    mean, error = _paired(bench.scores, done, best, usual)
    return usual if mean <= z_leave * error else best


@threaded_kernel
def pick(
    world: World,
    task_at_hand: np.ndarray,
    task_row: np.ndarray,
    node_rows: np.ndarray,
    mask: np.ndarray,
    work: State,
    scratch: Scratch,
    futures: Futures,
    first_future: int,
    rules: np.ndarray,
    usual: int,
    knobs: Knobs,
    bench: Bench,
) -> int:
    """Number of the rule, of rules (n, n_weights), to follow from the task at hand on.

    The usual one unless another is better by enough.

    Task, observation, root and futures as in `decide`.

    """
    for place in range(rules.shape[0]):
        bench.candidate_actions[place] = choose(task_row, node_rows, mask, rules[place])
    done = _compare(
        world,
        task_at_hand,
        work,
        scratch,
        futures,
        first_future,
        rules,
        knobs,
        bench,
        rules.shape[0],
    )
    return _verdict(bench, rules.shape[0], done, usual, knobs.z_leave)


@threaded_kernel
def decide(
    world: World,
    task_at_hand: np.ndarray,
    task_row: np.ndarray,
    node_rows: np.ndarray,
    mask: np.ndarray,
    work: State,
    scratch: Scratch,
    futures: Futures,
    first_future: int,
    rule: Rule,
    knobs: Knobs,
    bench: Bench,
    values: np.ndarray,
) -> int:
    """Return the action for the task at hand, (1,) TASK.

    Observation and mask are given; the State lies in the root of the workspace.

    Futures are taken in turn from first_future on. values (n + 1,) get what each action tried is
    worth: its mean, with the best action's over all futures in place of what it did not see itself;
    NaN where not tried.
    """
    values[:] = np.nan
    n_tried = rank(task_row, node_rows, mask, rule, bench.decision.mask, bench.candidate_actions)
    if n_tried == 1 or (
        knobs.skips_small and is_small(task_row, node_rows, bench.candidate_actions[0])
    ):
        return bench.candidate_actions[0]
    bench.counts[N_LOOKED] += 1
    rules = rule.weights.reshape(1, rule.weights.size)
    done = _compare(
        world, task_at_hand, work, scratch, futures, first_future, rules, knobs, bench, n_tried
    )
    best = _verdict(bench, n_tried, done, 0, knobs.z_leave)
    _write_values(bench, n_tried, done, best, values)
    return bench.candidate_actions[best]


@inline_kernel
def _write_values(bench: Bench, n_tried: int, done: int, best: int, values: np.ndarray) -> None:
    mean = 0.0
    for k in range(done):
        mean += bench.scores[best, k] / done
    for place in range(n_tried):
        gap, _ = _paired(bench.scores, bench.n_scored[place], place, best)
        values[bench.candidate_actions[place]] = mean + gap
