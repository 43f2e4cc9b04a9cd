"""Constants and the glossary of unit suffixes.

SI inside, units in names, converted at one door (the module that reads the foreign unit).

====================  =======================================================
suffix                meaning
====================  =======================================================
``_s``                seconds (``_utc``: ISO 8601 text)
``_m``, ``_mps``      metres, metres per second
``_bits``, ``_bps``   data, data rate
``_bytes``            memory; ``_bytes_per_s`` memory bandwidth
``_flop``             work; ``_op_per_s`` peak speed of an accelerator
``_j``, ``_w``        energy, power
``_c``, ``_k_per_w``  degrees Celsius, thermal resistance
``_deg``              degrees, only in a Scenario and in pictures
``_rad``              radians
``_fraction``         0 to 1; ``n_`` and ``_count`` count; ``_index`` points
====================  =======================================================
"""

SPEED_OF_LIGHT_MPS = 299_792_458.0  # exact, SI
EARTH_EQUATORIAL_RADIUS_M = 6_378_137.0  # WGS84
EARTH_FLATTENING = 1.0 / 298.257223563  # WGS84
DAY_S = 86_400.0
HOUR_S = 3_600.0
M_PER_KM = 1_000.0
J_PER_WH = 3_600.0

# Decode speed of one of eight concurrent streams of an 8B INT4 model (4.5 GB of weights) on a 273
# GB/s device: 135.3 tok/s in all, NVIDIA TensorRT-Edge-LLM performance benchmarks, Jetson AGX Thor,
# Llama-3.1-8B INT4-AWQ, batch 8.
DECODE_REFERENCE_TOKENS_PER_S = 135.3
DECODE_REFERENCE_BATCH = 8.0
DECODE_REFERENCE_BANDWIDTH_BYTES_PER_S = 273e9
DECODE_REFERENCE_WEIGHTS_BYTES = 4.5e9

SUFFIXES = (
    "_s",
    "_m",
    "_mps",
    "_bits",
    "_bps",
    "_bytes",
    "_bytes_per_s",
    "_flop",
    "_op_per_s",
    "_j",
    "_w",
    "_c",
    "_k_per_w",
    "_deg",
    "_rad",
    "_fraction",
)
