"""Look-ahead, one compiled call a decision: try a few actions in forks of the State against the
same futures, going on by a rule.

`select_action` compares actions at the task at hand, with one rule after it; `select_rule` compares
rules, each followed from the task at hand on. What lies clearly behind leaves early (racing: Maron
and Moore, Artificial Intelligence Review 11, 1997).

The root is a fork of the running State whose task at hand has index 0; what comes after it is cut
out of sampled episodes (Futures) at the clock. The true episode is not an argument: nothing here
can see it. All memory is given (Workspace), none is allocated.
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
    BaseRule,
    DecisionPoint,
    ForkContext,
    Workspace,
)
from agents.utils.jit import inline_kernel, threaded_kernel
from orbit_gym.kernels.faults import strike_until
from orbit_gym.kernels.step import step
from orbit_gym.observation import COLUMNS, RESULT_SIZE

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
    rule: BaseRule,
    allowed: np.ndarray,
    candidate_actions: np.ndarray,
) -> int:
    """Fill candidate_actions with the rule's choice, its next plans in time and rejection.

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
    context: ForkContext,
    tasks: np.ndarray,
    faults: np.ndarray,
    until_s: float,
    action: int,
    weights: np.ndarray,
    workspace: Workspace,
) -> float:
    """Value delivered in time by an action and a rule after it, less what faults up to a time take.

    The fork plays all tasks.
    """
    world, state, scratch = context.world, context.state, context.scratch
    clock = state.clock[0]
    decision = workspace.decision
    value = clock.revoked_value
    while True:
        step(world, state, scratch, tasks, faults, action, decision)
        workspace.counts[N_STEPPED] += 1
        value += scratch.outcome[0].value
        if scratch.outcome[0].is_over == 1:
            strike_until(world, state, faults, until_s)
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
def _best(workspace: Workspace, n_tried: int, n: int) -> int:
    """Place of the action of highest mean over n futures among those not dropped.

    Ties go to the earlier place.
    """
    best, greatest = 0, -math.inf
    for place in range(n_tried):
        total = 0.0
        for k in range(n):
            total += workspace.scores[place, k]
        if not workspace.is_out[place] and total > greatest:
            best, greatest = place, total
    return best


@inline_kernel
def _eliminate(workspace: Workspace, n_tried: int, n: int, z_eliminate: float) -> int:
    """Drop what lies clearly behind the best, and what scores the same as an earlier place.

    Returns how many are left.
    """
    best = _best(workspace, n_tried, n)
    left = 0
    for place in range(n_tried):
        if workspace.is_out[place]:
            continue
        mean, error = _paired(workspace.scores, n, place, best)
        if place != best and (mean + z_eliminate * error < 0.0 or (mean == 0.0 and error == 0.0)):
            workspace.is_out[place] = True
        else:
            left += 1
    return left


@inline_kernel
def _score(
    context: ForkContext,
    point: DecisionPoint,
    rules: np.ndarray,
    workspace: Workspace,
    n_tried: int,
    future: int,
    k: int,
) -> None:
    """Score every action still in question against one future, column k of the scores.

    rules (n_tried or 1, n_weights) go on.
    """
    futures = context.futures
    now_s = point.task[0].release_s
    until_s = now_s + context.config.horizon_s
    workspace.windows[k, 0] = point.task[0]
    workspace.n_window[k] = _cut(
        futures.tasks[future], futures.n_tasks[future], now_s, until_s, workspace.windows[k]
    )
    tasks = workspace.read_windows[k][: workspace.n_window[k]]
    faults = futures.faults[future][: futures.n_faults[future]]
    next_fault = _next_fault(faults, now_s)
    for place in range(n_tried):
        if workspace.is_out[place]:
            continue
        for word in range(workspace.words.shape[1]):
            workspace.words[1, word] = workspace.words[0, word]
        context.state.clock[0].next_fault = next_fault
        rule = rules[min(place, rules.shape[0] - 1)]
        workspace.scores[place, k] = _roll_out(
            context, tasks, faults, until_s, workspace.candidate_actions[place], rule, workspace
        )
        workspace.n_scored[place] = k + 1
        workspace.counts[N_ROLLED] += 1


@inline_kernel
def _race(
    context: ForkContext,
    point: DecisionPoint,
    rules: np.ndarray,
    workspace: Workspace,
    n_tried: int,
) -> int:
    """Score what is tried against more and more futures until one is left or all have been seen.

    Returns how many were.
    """
    n_futures, config = workspace.n_window.size, context.config
    workspace.is_out[:] = False
    done, target = 0, min(config.initial_futures, n_futures)
    while True:
        for k in range(done, target):
            future = (context.first_future + k) % context.futures.n_tasks.size
            _score(context, point, rules, workspace, n_tried, future, k)
        done = target
        if done == n_futures or _eliminate(workspace, n_tried, done, config.z_eliminate) == 1:
            return done
        target = min(2 * done, n_futures)


@inline_kernel
def _verdict(workspace: Workspace, n_tried: int, done: int, usual: int, z_switch: float) -> int:
    """Place of what is best, or the usual one unless it is left by enough."""
    best = _best(workspace, n_tried, done)
    if workspace.is_out[usual]:
        return best
    mean, error = _paired(workspace.scores, done, best, usual)
    return usual if mean <= z_switch * error else best


@threaded_kernel
def select_rule(
    context: ForkContext,
    point: DecisionPoint,
    rules: np.ndarray,
    usual: int,
    workspace: Workspace,
) -> int:
    """Number of the rule, of rules (n, n_weights), to follow from the task at hand on.

    The usual one unless another is better by enough.
    """
    n_rules = rules.shape[0]
    for place in range(n_rules):
        workspace.candidate_actions[place] = choose(
            point.task_row, point.node_rows, point.mask, rules[place]
        )
    done = _race(context, point, rules, workspace, n_rules)
    return _verdict(workspace, n_rules, done, usual, context.config.z_switch)


@threaded_kernel
def select_action(
    context: ForkContext,
    point: DecisionPoint,
    rule: BaseRule,
    workspace: Workspace,
    values: np.ndarray,
) -> int:
    """Return the action for the task at hand; the State lies in the root of the workspace.

    values (n + 1,) get what each action tried is worth: its mean, with the best action's over all
    futures in place of what it did not see itself; NaN where not tried.
    """
    values[:] = np.nan
    actions = workspace.candidate_actions
    n_tried = rank(
        point.task_row, point.node_rows, point.mask, rule, workspace.decision.mask, actions
    )
    if n_tried == 1 or (
        context.config.skips_small and is_small(point.task_row, point.node_rows, actions[0])
    ):
        return actions[0]
    workspace.counts[N_LOOKED] += 1
    rules = rule.weights.reshape(1, rule.weights.size)
    done = _race(context, point, rules, workspace, n_tried)
    best = _verdict(workspace, n_tried, done, 0, context.config.z_switch)
    _write_values(workspace, n_tried, done, best, values)
    return actions[best]


@inline_kernel
def _write_values(
    workspace: Workspace, n_tried: int, done: int, best: int, values: np.ndarray
) -> None:
    mean = 0.0
    for k in range(done):
        mean += workspace.scores[best, k] / done
    for place in range(n_tried):
        gap, _ = _paired(workspace.scores, workspace.n_scored[place], place, best)
        values[workspace.candidate_actions[place]] = mean + gap
