"""Decoding speed against the device it was scaled from, Jetson AGX Thor."""

from validation import decoding


def test_saturated_throughput_is_that_of_the_device() -> None:
    """Authority: 135.3 tok/s at batch 8 on 273 GB/s, scaled by bandwidth and weights.

    1e-9 relative, bookings end to end.
    """
    assert decoding.throughput_error() < decoding.THROUGHPUT_TOLERANCE


def test_a_lone_request_is_three_times_too_slow() -> None:
    """Authority: 50.8 tok/s at batch 1, which a lane of a full batch cannot reach: 3.0 times
    slower, the price of fixed service times.
    """
    assert abs(decoding.slowness() - decoding.SLOWNESS) < decoding.SLOWNESS_TOLERANCE


def test_half_a_batch_has_half_the_throughput() -> None:
    """By construction: lanes do not speed each other up, four of eight give half of 135.3."""
    half = decoding.throughput_tokens_per_s(
        4, decoding.DEVICE_BYTES_PER_S, decoding.DEVICE_WEIGHTS_BYTES
    )
    assert abs(half / (0.5 * decoding.BATCH_TOKENS_PER_S) - 1.0) < decoding.THROUGHPUT_TOLERANCE
