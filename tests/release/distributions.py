"""What is promised of wheel and sdist; checked by the suite and, more strictly, by `make dist`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import BytesParser
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from email.message import Message
    from pathlib import Path

__all__ = ["build", "check_sdist", "check_wheel"]

_EPOCH = 1_700_000_000
_OF_THE_TOP = {
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "PKG-INFO",
    "README.md",
    "SECURITY.md",
    "orgs.example.yaml",
    "pyproject.toml",
}
_FOLDERS = {"benchmarks", "docs", "src", "tests"}
_STRAY = re.compile(r"(^|/)(__pycache__|\.(?!gitignore$)[^/]+)(/|$)|\.(pyc|key|pem|env|orig|log)$")


def build(
    project: Path, out: Path, *, epoch: int = _EPOCH, umask: int = 0o022
) -> tuple[Path, Path]:
    """Build both from a folder; return the wheel's path and the sdist's.

    ``epoch`` is the time that everything in them is dated to, in seconds since 1970.
    """
    environ = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(out)]
    subprocess.run(
        command, cwd=project, env=environ, umask=umask, check=True, capture_output=True, timeout=120
    )
    return next(out.glob("*.whl")), next(out.glob("*.tar.gz"))


def check_wheel(wheel: Path, project: Path) -> None:
    """Check that it holds the package, its types and its licence, and nothing else."""
    settings = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        info = next(name.split("/")[0] for name in names if name.endswith(".dist-info/METADATA"))
        metadata = BytesParser().parsebytes(archive.read(f"{info}/METADATA"))
        commands = archive.read(f"{info}/entry_points.txt").decode()
        licence = archive.read(f"{info}/licenses/LICENSE")
        modes = {entry.external_attr >> 16 & 0o777 for entry in archive.infolist()}
    package = {
        path.relative_to(project / "src").as_posix()
        for path in (project / "src/orgauth").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    rest = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    assert names == package | {f"{info}/{name}" for name in rest}
    assert "orgauth/py.typed" in names
    assert licence == (project / "LICENSE").read_bytes()
    assert modes <= {0o644, 0o664}
    for name, target in settings["scripts"].items():
        assert f"{name} = {target}" in commands
    _check_metadata(metadata, settings)


def check_sdist(sdist: Path, *, tracked: Sequence[str] | None = None) -> None:
    """Check that it holds the project and nothing private: with ``tracked``, what git knows."""
    with tarfile.open(sdist) as archive:
        members = archive.getmembers()
    names = {PurePosixPath(member.name) for member in members}
    top = sdist.name.removesuffix(".tar.gz")
    assert {name.parts[0] for name in names} == {top}
    inside = {name.relative_to(top).as_posix() for name in names}
    assert inside >= {"LICENSE", "README.md", "PKG-INFO", "pyproject.toml", "src/orgauth/py.typed"}
    assert all(member.isfile() and (member.uid, member.gid) == (0, 0) for member in members)
    for name in inside:
        assert name in _OF_THE_TOP or name.split("/")[0] in _FOLDERS, name
        assert not _STRAY.search(name), name
    if tracked is not None:
        assert inside - {"PKG-INFO"} <= set(tracked)
        wanted = {name for name in tracked if name.split("/")[0] in _FOLDERS}
        assert wanted <= inside


def _check_metadata(metadata: Message, settings: dict[str, object]) -> None:
    assert metadata["Name"] == settings["name"]
    assert metadata["License-Expression"] == settings["license"]
    assert metadata["Requires-Python"] == settings["requires-python"]
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload()
    assert "Typing :: Typed" in metadata.get_all("Classifier", ())
    # Spelt in lower case there; and nothing of the dev group.
    dependencies = settings["dependencies"]
    assert isinstance(dependencies, list)
    assert metadata.get_all("Requires-Dist") == sorted(map(str.lower, dependencies))
