from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from orgauth.errors import StoreError
from orgauth.stores.atomic_file import ForeignLinkError, read_file, write_atomically
from orgauth.stores.ownership import own_target, who_else_may_write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


def test_links_of_ones_own_are_followed_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "a").symlink_to("folder/b")
    (tmp_path / "folder" / "b").symlink_to("../c")
    assert os.path.normpath(own_target(str(tmp_path / "a"))) == str(tmp_path / "c")


def test_links_in_a_circle_are_told(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(StoreError, match="a link that leads nowhere"):
        read_file(tmp_path / "a")
    with pytest.raises(StoreError, match="a link that leads nowhere"):
        write_atomically(tmp_path / "a", b"x")


@as_root
def test_a_link_of_ones_own_to_a_link_of_somebody_elses_leads_no_further(
    tmp_path: Path, foreign_link: Callable[[Path, Path], None]
) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    foreign_link(tmp_path / "theirs", tmp_path / "precious")
    (tmp_path / "mine").symlink_to("theirs")
    with pytest.raises(ForeignLinkError):
        read_file(tmp_path / "mine")
    write_atomically(tmp_path / "mine", b"new")
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert (tmp_path / "theirs").read_bytes() == b"new"
    assert not (tmp_path / "theirs").is_symlink()


@pytest.mark.parametrize(
    ("mode", "who"),
    [(0o700, None), (0o775, None), (0o1777, None), (0o707, "every user of this machine")],
)
def test_a_folder_in_which_everybody_can_replace_files_is_known(
    tmp_path: Path, mode: int, who: str | None
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(mode)
    assert who_else_may_write(folder) == who
    assert who_else_may_write(folder / "none") is None


@as_root
def test_a_folder_of_somebody_elses_is_known(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    assert who_else_may_write(tmp_path) == "its owner, user 65534,"
