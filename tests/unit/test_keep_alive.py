"""Which connections stay open."""

from orgauth.keep_alive import KeepAlive


def test_as_many_connections_are_kept_as_a_host_had_requests_at_once():
    """One after the other, they share a connection."""
    kept = KeepAlive(3)

    assert [kept.begin("a") for _ in range(2)] == [True, True]
    for _ in range(2):
        kept.end("a")
    for _ in range(10):
        assert kept.begin("a")
        kept.end("a")
    assert kept.begin("b")
    assert not kept.begin("c")


def test_who_comes_too_late_closes_and_does_not_count():
    """What is not kept is not ended either."""
    kept = KeepAlive(1)

    assert kept.begin("a")
    assert not kept.begin("a")
    kept.end("a")
    assert kept.begin("a")


def test_where_there_is_no_room_none_is_kept():
    """Nor where there is less than none."""
    assert not KeepAlive(0).begin("a")
    assert not KeepAlive(-5).begin("a")
