"""The words below the pictures; {names} are filled in where a picture is drawn."""

CAPTIONS = {
    "served-value": """
        Served value of each policy over {episodes}. A tick is an episode, a dot with a bar the mean
        and its 95 % t-interval. A diamond is the interquartile mean (mean of the middle half).
        All policies play the same episodes, so overlapping bars do not mean that two policies are
        alike: see the paired differences.""",
    "differences": """
        Difference from {reference} in the same episodes: a tick per episode, a dot with a bar for
        the mean and its 95 % t-interval. A bar that does not touch the line at zero is a difference
        that these episodes resolve. The intervals are not corrected for the number of comparisons,
        here {comparisons}.""",
    "profile": """
        Performance profile: for each served value τ, the share of episodes in which a policy
        reaches more. A curve further to the upper right is better in every part of the
        distribution. Where curves cross, one policy is better in bad episodes and the other in good
        ones.""",
    "outcomes": """
        What became of the tasks, mean over episodes: delivered in time, delivered late (worth
        nothing), lost to a fault after it was placed, or rejected. Tasks that nobody could deliver
        in time are among them.""",
    "classes": """
        Per cent of the released tasks of each class that were delivered in time, over all episodes.
        The first row is the bound: tasks that the relaxed system (idle links and accelerators,
        every model in memory, full batteries) could deliver in time. Below each class: tasks
        released per episode.""",
    "latency": """
        Share of all released tasks that are delivered in time and within so many seconds of their
        release. A curve ends at the policy's on-time share: what is late, rejected or lost never
        counts. Times are counted in ten bins a decade.""",
    "latency-classes": """
        The same by task class, as a share of the tasks of that class. Classes differ in slack: from
        3 s of a drone query to hours of bulk work.""",
    "over-time": """
        Top: booked share of the satellites' accelerator lanes. Middle: mean charge of their
        batteries, per cent of capacity. Bottom: charge of the satellite that has least. Lines are
        means over episodes, which begin at different places of the orbit. Bands are the 10th to
        90th percentile over episodes, for the best policy and the reference. Episodes begin with
        idle accelerators.""",
    "one-episode": """
        One episode (seed {seed}) under {policy}: booked share of each satellite's accelerator
        lanes, its battery charge, and the share of satellites in sunlight. Uneven rows show which
        satellites carry the work.""",
    "places": """
        Where tasks were placed, in time or not. Own satellite: where the task appeared. Another
        satellite: reached over lasers, or any satellite for a user's task. Else a datacentre, or
        nowhere.""",
    "flow": """
        Tasks per episode under {policy}, by where they appeared (rows) and where they ran
        (columns); the diagonal is work done where it appeared. Empty cells are zero; colours go by
        the square root.""",
    "validation": """
        Served value on {episodes}, always the same, as training goes on. Line and band are the mean
        and its 95 % t-interval over episodes. Dotted: the untrained network. Star: the policy that
        was kept.
        Validation days are neither training nor test days.""",
    "training": """
        Training as a scheduler sees it, from TensorBoard. Lines with dots: validation episodes,
        best action. Thin lines: latest training decisions, sampled action. Their served value is a
        share of all released value, feasible or not. Their use and charge are those of the
        satellites shown.""",
    "training-classes": """
        On-time rate of each task class in validation as training goes on, for {policy}: tasks
        delivered in time / tasks released.""",
    "side-by-side": """
        Mean served value of every policy (rows) in every set of results (columns). Paired
        differences are in the chapters.""",
    "by-load": """
        Served value against load, mean and 95 % t-interval over episodes; policies without a colour
        are in grey.""",
}


def caption(name: str, **words: object) -> str:
    """The caption of a picture on one line."""
    return " ".join(CAPTIONS[name].split()).format(**words)
