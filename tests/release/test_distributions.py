"""What people install, built twice without a network and looked into."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from release import distributions

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
PARTS = ("src", "tests", "docs", "benchmarks")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return distributions.build(ROOT, tmp_path_factory.mktemp("here"))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the project, with other dates and modes."""
    folder = tmp_path / "copy"
    folder.mkdir()
    junk = shutil.ignore_patterns("__pycache__", "*.pyc")
    for path in ROOT.iterdir():
        if path.is_dir() and path.name in PARTS:
            shutil.copytree(path, folder / path.name, ignore=junk, copy_function=_private_copy)
        elif path.is_file():
            _private_copy(path, folder / path.name)
    return folder


def _private_copy(source: str | Path, target: str | Path) -> None:
    shutil.copyfile(source, target)
    Path(target).chmod(Path(source).stat().st_mode & 0o700)


def test_the_wheel_holds_the_package_and_the_sdist_the_project(built: tuple[Path, Path]) -> None:
    wheel, sdist = built
    distributions.check_wheel(wheel, ROOT)
    distributions.check_sdist(sdist)


def test_another_copy_gives_the_same_bytes(
    built: tuple[Path, Path], copy: Path, tmp_path: Path
) -> None:
    again = distributions.build(copy, tmp_path / "there", umask=0o077)
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in built]


def _an_editors_backup(copy: Path) -> None:
    (copy / "src/orgauth/api.py.orig").touch()


def _a_key(copy: Path) -> None:
    (copy / ".gitignore").unlink()  # which would keep it out
    (copy / "tests/server.key").touch()


def _no_licence(copy: Path) -> None:
    (copy / "LICENSE").write_text("")


@pytest.mark.parametrize("spoil", [_an_editors_backup, _a_key, _no_licence])
def test_what_does_not_belong_in_it_is_found(
    spoil: Callable[[Path], None], copy: Path, tmp_path: Path
) -> None:
    spoil(copy)
    wheel, sdist = distributions.build(copy, tmp_path / "spoilt")
    with pytest.raises(AssertionError):  # noqa: PT012 - either may find it
        distributions.check_wheel(wheel, ROOT)
        distributions.check_sdist(sdist)
