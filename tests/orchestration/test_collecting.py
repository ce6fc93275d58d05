"""The garbage collector while definitions are built."""

import gc

import pytest

from remote_segments.orchestration.collecting import keeping_all


def test_the_collector_rests_meanwhile_and_works_again_afterwards() -> None:
    """Also when building fails: a process without a collector would grow."""
    assert gc.isenabled()
    with keeping_all():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ValueError, match="broken"), keeping_all():
        raise ValueError("broken")
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    """Who switched it off has a reason."""
    gc.disable()
    try:
        with keeping_all():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
