from upkeep.operations.states import ENDED, RESUMABLE, TRANSITIONS, Status


def test_every_status_can_be_reached_from_the_queue() -> None:
    reached = {Status.QUEUED}
    for _ in Status:
        reached |= {after for before, after in TRANSITIONS if before in reached}
    assert reached == set(Status)


def test_only_what_can_be_resumed_leaves_an_end() -> None:
    assert {before for before, _ in TRANSITIONS if before in ENDED} == RESUMABLE == {Status.FAILED, Status.CANCELLED}
    assert {after for before, after in TRANSITIONS if before in ENDED} == {Status.QUEUED}


def test_every_transition_has_a_reason() -> None:
    assert all(TRANSITIONS.values())
