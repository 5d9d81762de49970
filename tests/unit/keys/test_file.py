"""Keys in files: what can lie at a path instead of a key, and who else can read it."""

import os
import socket
import threading
from dataclasses import replace
from time import monotonic

import pytest

from orgauth.errors import KeySourceError
from orgauth.keys.file import FileKeySource
from orgauth.models import KeyRef
from support import pem_of, private_key


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "server.key"
    path.write_bytes(pem_of(private_key()))
    path.chmod(0o600)
    return path


def load(path, environ=None, *, passphrase_env=None, pipe_seconds=0.1):
    source = FileKeySource(environ or {}, pipe_seconds=pipe_seconds)
    return source.load(KeyRef("file", str(path), passphrase_env))


def refusal_of(path, **how):
    with pytest.raises(KeySourceError) as caught:
        load(path, **how)
    assert caught.value.advice
    message = str(caught.value)
    assert "\n" not in message
    assert message.isprintable()
    return message


def test_a_key_file_becomes_a_signer(key_file):
    """The path is all it needs."""
    assert load(key_file).sign(b"message")


def test_a_link_to_a_key_is_followed(key_file):
    """Mounted secrets are links."""
    link = key_file.with_name("link.key")
    link.symlink_to(key_file)

    assert load(link).sign(b"message")


def test_the_passphrase_comes_from_its_variable(tmp_path):
    """Never from the manifest itself."""
    path = tmp_path / "server.key"
    path.write_bytes(pem_of(private_key(), b"s3cret"))

    assert load(path, {"PASS": "s3cret"}, passphrase_env="PASS").sign(b"message")


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    """With a hint about where relative paths begin."""
    with pytest.raises(KeySourceError, match="does not exist") as caught:
        load(tmp_path / "no.key")

    assert "manifest's folder" in caught.value.advice


def test_a_folder_is_no_key(tmp_path):
    """The folder of the key is named where the key should be."""
    assert "is a folder" in refusal_of(tmp_path)


def test_a_path_through_a_file_is_told_with_the_systems_reason(key_file):
    """Root is refused here too, unlike by a mode."""
    assert "cannot be read: Not a directory" in refusal_of(key_file / "server.key")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_told_with_the_systems_reason(key_file):
    """The mode is the reason."""
    key_file.chmod(0)

    assert "cannot be read: Permission denied" in refusal_of(key_file)


def test_a_socket_is_told_with_the_systems_reason(tmp_path):
    """It has a path, but cannot be opened."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))

        assert "cannot be read: " in refusal_of(path)


def test_a_name_that_is_too_long_is_told_with_the_systems_reason(tmp_path):
    """Somebody pasted the key itself where its path belongs."""
    assert "cannot be read: File name too long" in refusal_of(tmp_path / ("x" * 5000))


def test_a_nul_in_the_path_is_no_valid_file_name(tmp_path):
    """Nor does it reach the terminal."""
    path = tmp_path / "a\0b"

    assert "no valid file name" in refusal_of(path)
    assert FileKeySource({}).warnings(KeyRef("file", str(path))) == []


def test_an_escape_in_the_path_does_not_reach_the_terminal(tmp_path):
    """The message holds it in a form that can be seen."""
    assert "\\x1b[2J" in refusal_of(tmp_path / "\x1b[2J\n")


def test_a_huge_file_is_not_read_to_its_end(tmp_path):
    """A sparse gigabyte costs no more than a small file."""
    path = tmp_path / "server.key"
    with path.open("wb") as file:
        file.truncate(2**30)

    assert "too large to be a key" in refusal_of(path)


def test_a_device_that_never_ends_is_too_large():
    """/dev/zero has no end."""
    assert "too large to be a key" in refusal_of("/dev/zero")


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"", "is empty"), (bytes(range(256)), "no PEM private key")],
    ids=["empty", "binary"],
)
def test_a_file_that_holds_no_key_is_named(tmp_path, content, what):
    """The message begins with the path."""
    path = tmp_path / "server.key"
    path.write_bytes(content)

    message = refusal_of(path)

    assert message.startswith(str(path))
    assert what in message


def test_a_pipe_that_nobody_writes_to_does_not_hang(tmp_path):
    """It gets its time, and no more."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    began = monotonic()

    assert "nobody writes the private key into the pipe" in refusal_of(path, pipe_seconds=0.05)
    assert monotonic() - began < 2


def test_a_pipe_that_somebody_writes_to_is_read_to_its_end(tmp_path):
    """Secret managers and shells hand keys over like this, in pieces and after a while."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    pem = pem_of(private_key())

    def write():
        with path.open("wb", buffering=0) as pipe:  # waits until somebody reads
            pipe.write(pem[:100])
            pipe.write(pem[100:])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert load(path, pipe_seconds=5).sign(b"message")
    finally:
        writer.join()


def test_a_descriptor_of_a_shell_is_read(tmp_path):
    """``jwt_key_file: /dev/fd/63`` is what ``<(vault read …)`` turns into."""
    read, write = os.pipe()
    os.write(write, pem_of(private_key()))
    os.close(write)
    try:
        assert load(f"/dev/fd/{read}").sign(b"message")
    finally:
        os.close(read)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_key_that_others_can_read_or_write_is_warned_about(key_file, mode):
    """With the command that mends it."""
    key_file.chmod(mode)

    [warning] = FileKeySource({}).warnings(KeyRef("file", str(key_file)))

    assert f"chmod 600 {key_file}" in warning


def test_the_command_that_mends_a_path_with_spaces_can_be_pasted(key_file):
    """Quoted for the shell."""
    path = key_file.rename(key_file.with_name("my key;x"))
    path.chmod(0o644)

    [warning] = FileKeySource({}).warnings(KeyRef("file", str(path)))

    assert f"chmod 600 '{path}'" in warning


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_key_for_its_owner_only_is_fine(key_file, mode):
    """Nothing to say."""
    key_file.chmod(mode)

    assert FileKeySource({}).warnings(KeyRef("file", str(key_file))) == []


def test_a_missing_file_is_warned_about_by_nobody(tmp_path):
    """Loading it tells."""
    ref = KeyRef("file", str(tmp_path / "no.key"))

    assert FileKeySource({}).warnings(ref) == []
    assert FileKeySource({}).warnings(replace(ref, passphrase_env="PASS")) == []
