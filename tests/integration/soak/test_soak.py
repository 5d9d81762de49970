"""A short soak; ``check_soak.py`` is the long one."""

from integration.soak.soaking import Plan, Soak


def test_every_outcome_is_true(tmp_path):
    """Whatever the host does, who is told to be authorized is, and nobody else is touched."""
    plan = Plan(orgs=60, batch=30, fault_rate=0.2, requests_per_second=None, timeout_seconds=0.5)
    with Soak.begin(plan, tmp_path) as soak:
        batches = list(soak.batches(2.0))

    assert [lie for batch in batches for lie in batch.wrong] == []
    statuses = sum((batch.statuses for batch in batches), start=batches[0].statuses.__class__())
    assert statuses["authorized"] > statuses["failed"] > 0
    assert len(soak.faults) > 5
    assert max(batch.fds for batch in batches) < 100
