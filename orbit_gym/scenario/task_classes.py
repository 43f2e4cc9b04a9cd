"""Task classes: numbers with their sources.

A new class is one entry of TASK_CLASSES, at its end; a package adds its own by
register_task_class, or by an entry point of the group orbit_gym.task_classes.

What a class *is* to a scheduler is only its numbers (bits, flop, model, lanes, slack, value): no
class id is ever observed.
"""

from orbit_gym.scenario.task_class import Burstiness, TaskClass
from orbit_gym.utils.plugins import install_plugins

FLOP_PER_TOKEN_8B = 16e9  # 2 flop per parameter and token

# Quantiles (probability, tokens) of the Azure traces of 2023 (github.com/Azure/AzurePublicDataset,
# Splitwise, ISCA 2024; conversation 19,366 and code 8,819 requests), computed from the traces,
# linear between: facts. Prompt and answer are drawn apart: in the conversation trace their rank
# correlation is 0.07, in the code trace -0.02. tests/validation/test_generators.py compares.
# fmt: off
AZURE_CONV_PROMPT_TOKENS = (
    (0.0, 2.0),
    (0.01, 29.0),
    (0.05, 181.0),
    (0.1, 207.0),
    (0.3, 403.0),
    (0.4, 703.0),
    (0.5, 1020.0),
    (0.7, 1130.0),
    (0.8, 1315.0),
    (0.9, 2734.0),
    (0.95, 4083.0),
    (0.99, 4142.0),
    (0.999, 6179.0),
    (1.0, 14050.0),
)
AZURE_CONV_OUTPUT_TOKENS = (
    (0.0, 7.0),
    (0.01, 16.0),
    (0.05, 41.0),
    (0.1, 54.0),
    (0.25, 85.0),
    (0.4, 103.0),
    (0.5, 129.0),
    (0.6, 177.0),
    (0.65, 217.0),
    (0.7, 384.0),
    (0.8, 400.0),
    (0.9, 424.0),
    (0.95, 451.0),
    (0.99, 601.0),
    (0.999, 954.0),
    (1.0, 1000.0),
)
AZURE_CODE_PROMPT_TOKENS = (
    (0.0, 3.0),
    (0.01, 17.0),
    (0.05, 75.0),
    (0.1, 147.0),
    (0.25, 578.0),
    (0.5, 1469.0),
    (0.75, 2744.0),
    (0.9, 5188.0),
    (0.95, 7303.0),
    (0.99, 7436.0),
    (1.0, 7437.0),
)
AZURE_CODE_OUTPUT_TOKENS = (
    (0.0, 6.0),
    (0.05, 6.0),
    (0.1, 7.0),
    (0.25, 9.0),
    (0.5, 13.0),
    (0.75, 24.0),
    (0.9, 55.0),
    (0.95, 90.0),
    (0.98, 171.0),
    (0.99, 251.0),
    (0.995, 359.0),
    (0.999, 825.0),
    (1.0, 1899.0),
)
# fmt: on

# Fitted to the variance of counts over their mean at 1 to 300 s; the gaps between requests then
# agree by themselves.
AZURE_CONV = Burstiness(
    "fact: Azure 2023 conversation trace, gaps of CV 1.09; two levels fitted",
    busy_fraction=0.84,
    busy_factor=1.10,
    memory_s=203.0,
)
AZURE_CODE = Burstiness(
    "fact: Azure 2023 code trace, gaps of CV 13.2; on and off fitted",
    busy_fraction=0.179,
    busy_factor=1.0 / 0.179,
    memory_s=7.33,
)
GAMMA_RAY_BURSTS = Burstiness(
    "fact: gaps of Fermi-GBM's bursts 2008-2025 have CV 1.00, those of a Poisson process"
)
# Granules of 100 km with fires on one pass of a satellite over a region: 15.85 in the mean,
# standard deviation 14.8 (geometric: 15.3). The gap is 300 s, a pass over a region of 1,000 km
# radius at 7 km/s, over 15.85 (derived).
MODIS_FIRES = Burstiness(
    "fact: MODIS fires, South-East Asia, 2018-05-23 to 25, 20 passes",
    cluster_mean=15.85,
    cluster_gap_s=19.0,
)

TASK_CLASSES: dict[str, TaskClass] = {
    "eo_scene": TaskClass(
        origin="scene",
        model="remote_sensing_8b_fp16",
        slack_s=(300.0, 1800.0),
        value=1.0,
        input_bits=17.07e9,
        result_bits=8e6,
        vision_flop=4e15,
        vision_bytes=16e9,
        size_spread=0.1,
        burst_count=6,
        burst_spacing_s=4.0,
        source="0.5 m scene of 20 x 20 km: 12.8 GB, 24 PFLOP with an 8B model at 1,000 tokens a "
        "tile (derived), in 6 chunks; "
        "deadline 5-30 min; frame time about 24 s (derived); result size assumed",
    ),
    "wildfire_alert": TaskClass(
        origin="hotspot",
        model="detectors",
        slack_s=(120.0, 600.0),
        value=2.0,
        input_bits=8e9,
        result_bits=1e3,
        vision_flop=22e12,
        vision_bytes=1e9,
        size_spread=0.3,
        is_alert=True,
        burstiness=MODIS_FIRES,
        source="granule of 1.0 GB raw, 121 tiles of YOLO11m-OBB = 22 TFLOP (Ultralytics figures, "
        "derived); alert within 10 min, "
        "stretch 1-2 min (OroraTech); alert of about 1 kbit; value assumed",
    ),
    "xray_trigger": TaskClass(
        origin="sky",
        model="astronomy_8b_fp16",
        slack_s=(60.0, 60.0),
        value=1.5,
        input_bits=4e8,
        result_bits=1e3,
        prompt_tokens=((0.0, 500.0), (1.0, 1500.0)),
        output_tokens=((0.0, 20.0), (1.0, 100.0)),
        is_alert=True,
        burstiness=GAMMA_RAY_BURSTS,
        source="60 s to the alert (Swift and Fermi practice); mostly false alarms, so the rate is "
        "inflated far above the 0.65 "
        "bursts a day of Fermi-GBM and the value is an expected one; photon list and token "
        "lengths assumed",
    ),
    "emergency_mapping": TaskClass(
        origin="hotspot",
        model="stereo_3d",
        slack_s=(900.0, 3600.0),
        value=3.0,
        input_bits=12.8e9,
        result_bits=8e8,
        vision_flop=4e15,
        vision_bytes=16e9,
        size_spread=0.1,
        burst_count=3,
        burst_spacing_s=5.0,
        source="stereo or 3-D twin of 2-3 scenes, 1e15 to 1e16 flop, 15-60 min (assumption beside "
        "the 189 km2 census flown)",
    ),
    "drone_query": TaskClass(
        origin="user",
        model="detectors",
        slack_s=(3.0, 3.0),
        value=0.5,
        input_bits=4e6,
        result_bits=8e4,
        vision_flop=0.55e12,
        vision_bytes=0.4e9,
        size_spread=0.3,
        source="one 0.5 MB frame through detectors, answer within 3 s; 520 GFLOP is YOLO11x-OBB "
        "(Ultralytics)",
    ),
    "language_request": TaskClass(
        origin="user",
        model="language_8b_int8",
        slack_s=(30.0, 120.0),
        value=1.0,
        input_bits=4e4,
        result_bits=1.6e4,
        prompt_tokens=AZURE_CONV_PROMPT_TOKENS,
        output_tokens=AZURE_CONV_OUTPUT_TOKENS,
        burstiness=AZURE_CONV,
        source="token lengths: Azure 2023 conversation trace; in-orbit Qwen3 demonstration "
        "answered in under 2 min",
    ),
    "bulk_reprocessing": TaskClass(
        origin="archive",
        model="remote_sensing_8b_fp16",
        slack_s=(3600.0, 7200.0),
        value=0.6,
        input_bits=25.6e9,
        result_bits=8e8,
        vision_flop=4e15,
        vision_bytes=16e9,
        size_spread=0.1,
        source="stored scenes run again through a new model, 1-2 h (assumption)",
    ),
    "code_request": TaskClass(
        origin="user",
        model="language_8b_int8",
        slack_s=(10.0, 30.0),
        value=0.5,
        input_bits=8e4,
        result_bits=4e3,
        prompt_tokens=AZURE_CODE_PROMPT_TOKENS,
        output_tokens=AZURE_CODE_OUTPUT_TOKENS,
        burstiness=AZURE_CODE,
        source="token lengths: Azure 2023 code trace, a long prompt, a short answer, in bursts; "
        "first token within 2-30 s; value assumed",
    ),
}


def task_classes() -> dict[str, TaskClass]:
    """Return every task class by name, those of installed packages too."""
    install_plugins("orbit_gym.task_classes", register_task_class)
    return TASK_CLASSES


def register_task_class(name: str, task_class: TaskClass) -> None:
    """Add a task class for the scenarios of a package.

    Registering the same class again changes nothing. ValueError for a name that another class has,
    TypeError for what is no TaskClass.
    """
    if not isinstance(task_class, TaskClass):
        raise TypeError(f"task class {name!r} must be a TaskClass, got {task_class!r}")
    if TASK_CLASSES.get(name, task_class) != task_class:
        raise ValueError(f"there is a task class {name!r} already; choose another name")
    TASK_CLASSES[name] = task_class
