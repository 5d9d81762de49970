"""Files that somebody else named: bounded in size and in time."""

import os
import threading
from time import monotonic

import pytest

from orgauth.reading import NobodyWritesError, read_at_most


def test_a_file_is_read_to_its_end_or_to_the_limit(tmp_path):
    """Whoever wants to know of too much asks for one byte more."""
    path = tmp_path / "a"
    path.write_bytes(b"x" * 3_000_000)

    assert len(read_at_most(path, 4_000_000, pipe_seconds=1)) == 3_000_000
    assert len(read_at_most(path, 2_000_000, pipe_seconds=1)) == 2_000_000


def test_a_device_without_an_end_is_read_to_the_limit():
    """And no further."""
    assert read_at_most("/dev/zero", 5_000, pipe_seconds=1) == bytes(5_000)


def test_a_pipe_is_read_to_its_end_however_it_comes(tmp_path):
    """In pieces, larger than a pipe holds, and after a while."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    content = os.urandom(300_000)

    def write():
        with path.open("wb", buffering=0) as pipe:  # waits until somebody reads
            for at in range(0, len(content), 50_000):
                pipe.write(content[at : at + 50_000])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert read_at_most(path, 1_000_000, pipe_seconds=10) == content
    finally:
        writer.join()


@pytest.mark.parametrize("writes", [False, True], ids=["nobody", "somebody-who-does-not-end"])
def test_a_pipe_that_does_not_end_stops_nobody_for_ever(tmp_path, writes):
    """Planted in a file's place, for one."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR) if writes else None
    if writer is not None:
        os.write(writer, b"x")
    began = monotonic()

    with pytest.raises(NobodyWritesError):
        read_at_most(path, 100, pipe_seconds=0.05)

    assert monotonic() - began < 5
    if writer is not None:
        os.close(writer)


def test_what_cannot_be_read_is_told_as_the_system_tells_it(tmp_path):
    """The caller finds the words."""
    with pytest.raises(IsADirectoryError):
        read_at_most(tmp_path, 1, pipe_seconds=1)
    with pytest.raises(FileNotFoundError):
        read_at_most(tmp_path / "no", 1, pipe_seconds=1)
    with pytest.raises(ValueError, match="null byte"):
        read_at_most(tmp_path / "a\0b", 1, pipe_seconds=1)
