from __future__ import annotations

import contextlib
import errno
import os
import re
import resource
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from orgauth.errors import StoreError
from orgauth.stores import atomic_file
from orgauth.stores.atomic_file import (
    ForeignLinkError,
    check_writable,
    create_exclusively,
    make_folder,
    read_file,
    remove_leftovers,
    temporary_name,
    write_atomically,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LISTED_BY_THE_CLI = re.compile(r"^[^.][^@]*@[^.]+(\.[^.\s]+)+\.json$")


@pytest.fixture(params=[0o000, 0o022, 0o277])
def umask(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    # After the folder of the test: nobody but root could write in one made under 0277.
    old = os.umask(request.param)
    yield request.param
    os.umask(old)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))  # noqa: PTH208 - names are what is compared


class TestWriteAtomically:
    @pytest.mark.usefixtures("umask")
    def test_files_are_0600_whatever_the_umask(self, tmp_path: Path) -> None:
        write_atomically(tmp_path / "a", b"text")
        assert (tmp_path / "a").read_bytes() == b"text"
        assert mode(tmp_path / "a") == 0o600

    @pytest.mark.parametrize("durable", [True, False])
    def test_an_open_reader_keeps_the_old_whole_file(self, tmp_path: Path, durable: bool) -> None:  # noqa: FBT001 - a parameter of the test
        path = tmp_path / "a"
        path.write_bytes(b"old")
        with path.open("rb") as reader:
            write_atomically(path, b"new", durable=durable)
            assert reader.read() == b"old"
        assert path.read_bytes() == b"new"
        assert names(tmp_path) == ["a"]

    @pytest.mark.parametrize(("durable", "synced"), [(True, ["file", "folder"]), (False, [])])
    def test_what_is_durable_is_on_the_disk_before_its_name_is(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, durable: bool, synced: list[str]
    ) -> None:
        found: list[str] = []
        path = tmp_path / "a"

        def watch(descriptor: int) -> None:
            is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
            assert path.exists() is not is_file
            found.append("file" if is_file else "folder")

        monkeypatch.setattr(os, "fsync", watch)
        write_atomically(path, b"x", durable=durable)
        assert found == synced

    def test_the_status_is_that_of_the_new_file(self, tmp_path: Path) -> None:
        status = write_atomically(tmp_path / "a", b"text")
        assert status.st_ino == (tmp_path / "a").stat().st_ino
        assert status.st_ctime_ns == (tmp_path / "a").stat().st_ctime_ns

    def test_temporary_names_are_none_of_the_clis(self, tmp_path: Path) -> None:
        found: list[str] = []
        path = tmp_path / "a@example.com.json"
        write_atomically(path, b"x", before_replacing=lambda: found.extend(names(tmp_path)))
        assert len(found) == 1
        assert not LISTED_BY_THE_CLI.match(found[0])

    def test_called_off_at_the_last_moment_nothing_changes(self, tmp_path: Path) -> None:
        path = tmp_path / "a"
        path.write_bytes(b"old")

        def call_off() -> None:
            raise StoreError("no")

        with pytest.raises(StoreError, match="no"):
            write_atomically(path, b"new", before_replacing=call_off)
        assert path.read_bytes() == b"old"
        assert names(tmp_path) == ["a"]

    def test_a_link_of_ones_own_stays_and_its_target_is_replaced(self, tmp_path: Path) -> None:
        (tmp_path / "dotfiles").mkdir()
        target = tmp_path / "dotfiles" / "a"
        target.write_bytes(b"old")
        link = tmp_path / "a"
        link.symlink_to(target)
        write_atomically(link, b"new")
        assert link.is_symlink()
        assert target.read_bytes() == b"new"
        assert names(tmp_path / "dotfiles") == ["a"]

    def test_a_link_of_somebody_elses_is_replaced_not_followed(
        self, tmp_path: Path, foreign_link: Callable[[Path, Path], None]
    ) -> None:
        victim = tmp_path / "victim"
        victim.write_bytes(b"precious")
        foreign_link(tmp_path / "a", victim)
        write_atomically(tmp_path / "a", b"new")
        assert victim.read_bytes() == b"precious"
        assert not (tmp_path / "a").is_symlink()

    def test_a_folder_in_the_files_place_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        with pytest.raises(StoreError, match="it is a folder") as caught:
            write_atomically(tmp_path / "a", b"x")
        assert caught.value.path == tmp_path / "a"
        assert names(tmp_path) == ["a"]

    def test_a_missing_folder_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="the folder does not exist"):
            write_atomically(tmp_path / "no" / "a", b"x")

    def test_half_written_is_not_written(self, tmp_path: Path) -> None:
        path = tmp_path / "a"
        path.write_bytes(b"old")
        with file_size_limit(4096), pytest.raises(StoreError, match="beyond the limit"):
            write_atomically(path, b"x" * 10_000)
        assert path.read_bytes() == b"old"
        assert names(tmp_path) == ["a"]


class TestReadFile:
    def test_content_and_status_come_from_one_open_file(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"text")
        found = read_file(tmp_path / "a")
        assert found is not None
        assert found.data == b"text"
        assert found.status.st_size == 4

    def test_no_file_is_none(self, tmp_path: Path) -> None:
        assert read_file(tmp_path / "a") is None

    def test_a_link_of_ones_own_is_read(self, tmp_path: Path) -> None:
        (tmp_path / "b").write_bytes(b"text")
        (tmp_path / "a").symlink_to("b")
        found = read_file(tmp_path / "a")
        assert found is not None
        assert found.data == b"text"

    def test_a_link_of_somebody_elses_is_not_read(
        self, tmp_path: Path, foreign_link: Callable[[Path, Path], None]
    ) -> None:
        (tmp_path / "b").write_bytes(b"text")
        foreign_link(tmp_path / "a", tmp_path / "b")
        with pytest.raises(ForeignLinkError, match="a link that"):
            read_file(tmp_path / "a")

    def test_a_folder_or_a_pipe_is_no_file(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        os.mkfifo(tmp_path / "pipe")
        for name in ("folder", "pipe"):
            with pytest.raises(StoreError, match="is not a file"):
                read_file(tmp_path / name)

    def test_a_file_in_the_folders_place_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"")
        with pytest.raises(StoreError, match="cannot read"):
            read_file(tmp_path / "a" / "b")

    def test_a_file_of_absurd_size_is_not_loaded(self, tmp_path: Path) -> None:
        path = tmp_path / "a"
        path.touch()
        os.truncate(path, 1 << 40)
        with pytest.raises(StoreError, match="too large"):
            read_file(path)

    def test_a_disk_that_fails_while_reading_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_: int) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

        (tmp_path / "a").touch()
        monkeypatch.setattr(atomic_file, "_read_all", fail)
        with pytest.raises(StoreError, match="Input/output error"):
            read_file(tmp_path / "a")


class TestCreateExclusively:
    def test_the_first_wins_and_the_second_changes_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "key.json"
        assert create_exclusively(path, b"first")
        assert not create_exclusively(path, b"second")
        assert path.read_bytes() == b"first"
        assert mode(path) == 0o600
        assert names(tmp_path) == ["key.json"]

    def test_without_hard_links_it_still_replaces_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise PermissionError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)
        path = tmp_path / "key.json"
        assert create_exclusively(path, b"first")
        assert not create_exclusively(path, b"second")
        assert path.read_bytes() == b"first"
        assert names(tmp_path) == ["key.json"]

    def test_a_refusal_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "link", refuse)
        with pytest.raises(StoreError, match="no space is left"):
            create_exclusively(tmp_path / "key.json", b"first")
        assert names(tmp_path) == []


class TestMakeFolder:
    @pytest.mark.usefixtures("umask")
    def test_a_new_folder_is_0700_whatever_the_umask(self, tmp_path: Path) -> None:
        make_folder(tmp_path / "a")
        assert mode(tmp_path / "a") == 0o700

    def test_a_folder_that_is_there_stays_as_it_is(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        (tmp_path / "a").chmod(0o755)
        make_folder(tmp_path / "a")
        assert mode(tmp_path / "a") == 0o755

    def test_a_link_of_ones_own_is_accepted(self, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "a").symlink_to("elsewhere")
        make_folder(tmp_path / "a")

    def test_a_link_of_somebody_elses_is_not(
        self, tmp_path: Path, foreign_link: Callable[[Path, Path], None]
    ) -> None:
        (tmp_path / "elsewhere").mkdir()
        foreign_link(tmp_path / "a", tmp_path / "elsewhere")
        with pytest.raises(StoreError, match="somebody else made"):
            make_folder(tmp_path / "a")

    def test_a_file_in_its_place_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "a").touch()
        with pytest.raises(StoreError, match="not a folder"):
            make_folder(tmp_path / "a")

    def test_a_missing_parent_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="the folder does not exist"):
            make_folder(tmp_path / "no" / "a")


class TestCheckWritable:
    def test_it_leaves_nothing_behind(self, tmp_path: Path) -> None:
        check_writable(tmp_path)
        assert names(tmp_path) == []

    def test_a_full_disk_is_noticed(self, tmp_path: Path) -> None:
        with file_size_limit(100), pytest.raises(StoreError, match="cannot write in") as caught:
            check_writable(tmp_path)
        assert caught.value.path == tmp_path
        assert names(tmp_path) == []


class TestRemoveLeftovers:
    def test_only_old_temporary_files_of_ours_go(self, tmp_path: Path) -> None:
        old, young = tmp_path / ".orgauth-1-ab.tmp", tmp_path / ".orgauth-2-cd.tmp"
        other = tmp_path / ".other.tmp"
        for path in (old, young, other):
            path.touch()
        for path in (old, other):
            os.utime(path, (1000, 1000))
        folder = tmp_path / ".orgauth-3-ef.tmp"
        folder.mkdir()
        os.utime(folder, (1000, 1000))
        remove_leftovers(tmp_path, now=young.stat().st_mtime)
        assert names(tmp_path) == [".orgauth-2-cd.tmp", ".other.tmp"]

    def test_what_a_killed_process_left_goes_at_once(self, tmp_path: Path) -> None:
        program = (
            "import os, signal, sys; from pathlib import Path\n"
            "from orgauth.stores.atomic_file import write_atomically\n"
            "def die(): os.kill(os.getpid(), signal.SIGKILL)\n"
            "write_atomically(Path(sys.argv[1]), b'x', before_replacing=die)"
        )
        subprocess.run([sys.executable, "-c", program, str(tmp_path / "file")], check=False)
        (left,) = names(tmp_path)
        mine = temporary_name()
        (tmp_path / mine).touch()
        remove_leftovers(tmp_path, now=time.time())
        assert left.startswith(".orgauth-")
        assert names(tmp_path) == [mine]

    def test_what_cannot_be_removed_keeps_no_other(self, tmp_path: Path) -> None:
        for name in "abc":
            (tmp_path / f".orgauth-1-{name}.tmp").mkdir()
            if name != "b":
                (tmp_path / f".orgauth-1-{name}.tmp" / "full").touch()
        remove_leftovers(tmp_path, now=time.time() + 4000)
        assert names(tmp_path) == [".orgauth-1-a.tmp", ".orgauth-1-c.tmp"]

    def test_a_missing_folder_is_no_trouble(self, tmp_path: Path) -> None:
        remove_leftovers(tmp_path / "no", now=0.0)


@contextlib.contextmanager
def file_size_limit(limit: int) -> Iterator[None]:
    """No file of this process may grow beyond ``limit`` bytes: a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
