"""What a header says of the machine."""

from fpl_lib.evidence.machine import resumed


def test_a_run_that_goes_on_elsewhere_says_so():
    here = {"threads": 1, "torch": "2.1", "start": "9:00"}
    assert resumed(here, {**here, "start": "9:30"}) == here
    once = resumed(here, {**here, "threads": 2, "start": "9:30"})
    assert once == {**here, "resumed": [{"threads": 2, "start": "9:30"}]}
    assert resumed(once, {**here, "threads": 2, "start": "9:40"}) == once
    back = resumed(once, {**here, "start": "9:50"})
    assert back["resumed"][1:] == [{"threads": 1, "start": "9:50"}]
