"""Builds what people install, and checks it as they would meet it; see `make dist`."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import distributions

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    tracked = _run("git", "ls-files").splitlines()
    epoch = int(_run("git", "log", "-1", "--format=%ct"))
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        wheel, sdist = distributions.build(ROOT, scratch / "here", epoch=epoch)
        distributions.check_wheel(wheel, ROOT)
        distributions.check_sdist(sdist, tracked=tracked)
        _check_that_it_is_made_again(wheel, sdist, scratch, tracked, epoch)
        _run(sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist))
        _check_that_it_works(wheel, scratch)
        shutil.rmtree(ROOT / "dist", ignore_errors=True)
        shutil.copytree(wheel.parent, ROOT / "dist")
    for path in sorted((ROOT / "dist").iterdir()):
        print(f"dist/{path.name}  sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")
    print(
        "Built twice with the same bytes; contents, metadata, installation, commands, types: right."
    )


def _check_that_it_is_made_again(
    wheel: Path, sdist: Path, scratch: Path, tracked: list[str], epoch: int
) -> None:
    """From a copy with other dates and modes, and the wheel from the sdist: the same bytes."""
    for name in tracked:
        target = scratch / "copy" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
        target.chmod((ROOT / name).stat().st_mode & 0o700)
    again = distributions.build(scratch / "copy", scratch / "there", epoch=epoch, umask=0o077)
    with tarfile.open(sdist) as archive:
        archive.extractall(scratch / "unpacked", filter="data")
    (unpacked,) = (scratch / "unpacked").iterdir()
    from_sdist = distributions.build(unpacked, scratch / "from-sdist", epoch=epoch)
    for one, other in ((wheel, again[0]), (sdist, again[1]), (wheel, from_sdist[0])):
        if one.read_bytes() != other.read_bytes():
            sys.exit(f"{one} and {other} differ")


def _check_that_it_works(wheel: Path, scratch: Path) -> None:
    """In an environment of its own: it installs, its commands start, and its types are found."""
    fresh = scratch / "fresh"
    _run(sys.executable, "-m", "venv", str(fresh))
    python = str(fresh / "bin" / "python")
    _run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel))
    _run(python, "-m", "pip", "check")
    _run(str(fresh / "bin" / "orgauth"), "--help", cwd=scratch)
    _run(python, "-m", "orgauth", "--version", cwd=scratch)
    program = shutil.copy(ROOT / "tests/typing/public_api.py", scratch)
    checker = ("mypy", "--strict", "--config-file=", f"--python-executable={python}", program)
    _run(sys.executable, "-m", *checker, cwd=scratch)


def _run(*command: str, cwd: Path = ROOT) -> str:
    done = subprocess.run(
        command, cwd=cwd, check=False, timeout=600, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\n{' '.join(command)} failed")
    return done.stdout


if __name__ == "__main__":
    main()
