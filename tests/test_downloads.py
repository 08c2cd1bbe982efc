"""`utils.get_file`: the cache, hashes, broken downloads, archives; against a web server on this machine."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from fastnn import utils
from fastnn.atomic_files import locked

DATA = np.random.default_rng(0).bytes(300_000)
SHA256, MD5 = hashlib.sha256(DATA).hexdigest(), hashlib.md5(DATA).hexdigest()


class Server(ThreadingHTTPServer):
    """A web server with one file, which can break off, change, and state no length."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.data = DATA
        self.tag: str | None = '"one"'
        self.ranges: list[str | None] = []
        self.cut: int | None = None
        self.states_length = True

    def address(self, name: str = "data.bin") -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Handler(BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        if self.path.startswith("/none"):
            self.send_error(404, "Not Found")
            return
        begin = 0
        if asked and self.headers.get("If-Range") == self.server.tag:
            begin = int(asked.removeprefix("bytes=").removesuffix("-"))
            if begin >= len(self.server.data):
                self.send_error(416)
                return
        self.send_response(206 if begin else 200)
        if self.server.tag:
            self.send_header("ETag", self.server.tag)
        if self.server.states_length:
            self.send_header("Content-Length", str(len(self.server.data) - begin))
        self.end_headers()
        self.wfile.write(self.server.data[begin : self.server.cut])

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server():
    made = Server()
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras"


def names(folder: Any) -> list[str]:
    return sorted(os.listdir(folder))


def test_a_file_is_downloaded_once(server, cache, capsys):
    path = utils.get_file(origin=server.address() + "?version=2")
    assert path == str(cache / "datasets" / "data.bin")
    with open(path, "rb") as file:
        assert file.read() == DATA
    assert "Downloading data from http://127.0.0.1" in capsys.readouterr().out
    assert utils.get_file("data.bin", server.address()) == path and len(server.ranges) == 1
    utils.get_file("data.bin", server.address(), force_download=True)
    assert len(server.ranges) == 2 and capsys.readouterr().out.count("Downloading") == 1
    assert names(cache / "datasets") == ["data.bin"]


@pytest.mark.parametrize(
    "hashes",
    [{"file_hash": SHA256}, {"file_hash": MD5}, {"file_hash": MD5, "hash_algorithm": "md5"}, {"md5_hash": MD5},
     {"file_hash": SHA256.upper(), "hash_algorithm": "sha256"}],
)  # fmt: skip
def test_hashes(server, cache, hashes):
    utils.get_file(origin=server.address(), **hashes)
    utils.get_file(origin=server.address(), **hashes)
    assert len(server.ranges) == 1
    (cache / "datasets" / "data.bin").write_bytes(b"another")
    utils.get_file(origin=server.address(), **hashes)
    assert len(server.ranges) == 2 and (cache / "datasets" / "data.bin").read_bytes() == DATA


def test_a_wrong_hash_leaves_nothing(server, cache):
    with pytest.raises(ValueError, match=f"expects a file of sha256 {'0' * 64} at .*, got {SHA256}: it is damaged"):
        utils.get_file(origin=server.address(), file_hash="0" * 64)
    assert names(cache / "datasets") == []


def test_a_file_is_kept_where_a_newer_one_has_a_wrong_hash(server, cache):
    path = utils.get_file(origin=server.address())
    server.data = b"damaged"
    with pytest.raises(ValueError, match="damaged"):
        utils.get_file(origin=server.address(), file_hash=SHA256, force_download=True)
    with open(path, "rb") as file:
        assert file.read() == DATA


@pytest.mark.parametrize("change", ["nothing", "tag", "no tag", "weak tag"])
def test_a_download_that_broke_off_goes_on(server, cache, change):
    server.cut = 100_000
    server.tag = {"no tag": None, "weak tag": 'W/"one"'}.get(change, '"one"')
    with pytest.raises(ConnectionError, match="ended after 100000 of 300000 bytes; the next call goes on") as raised:
        utils.get_file(origin=server.address())
    assert str(cache / "datasets" / "data.bin") in str(raised.value)
    assert not (cache / "datasets" / "data.bin").exists()
    server.cut = None
    if change == "tag":
        server.tag, server.data = '"two"', DATA[::-1]
    path = utils.get_file(origin=server.address())
    assert server.ranges == [None, "bytes=100000-" if change in ("nothing", "tag") else None]
    with open(path, "rb") as file:
        assert file.read() == server.data
    assert names(cache / "datasets") == ["data.bin"]


def test_what_is_longer_than_the_file_is_downloaded_anew(server, cache):
    (cache / "datasets").mkdir(parents=True)
    (cache / "datasets" / "data.bin.part").write_bytes(DATA + b"more")
    (cache / "datasets" / "data.bin.part.tag").write_text('"one"')
    path = utils.get_file(origin=server.address())
    assert server.ranges == [f"bytes={len(DATA) + 4}-", None]
    with open(path, "rb") as file:
        assert file.read() == DATA


def test_a_server_that_states_no_length(server):
    server.states_length = False
    with open(utils.get_file(origin=server.address()), "rb") as file:
        assert file.read() == DATA


def test_several_at_once_download_once(server):
    paths: list[str] = []
    threads = [threading.Thread(target=lambda: paths.append(utils.get_file(origin=server.address()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 4 and len(server.ranges) == 1


def test_what_is_not_there(server, cache):
    with pytest.raises(OSError, match=rf"could not download http://.*/none: 404 Not Found.*the file there.*: {cache}"):
        utils.get_file(origin=server.address("none"))
    with pytest.raises(ConnectionError, match=rf"this machine has no network, .*data.bin, whose sha256 is {SHA256}"):
        utils.get_file(origin="http://127.0.0.1:1/data.bin", file_hash=SHA256)
    assert names(cache / "datasets") == []


def test_a_lock_that_is_removed_still_lets_one_in_at_a_time(tmp_path):
    inside, entered = [], []

    def enter() -> None:
        for _ in range(50):
            with locked(tmp_path / "lock"):
                inside.append(1)
                entered.append(len(inside))
                time.sleep(0)
                inside.pop()

    threads = [threading.Thread(target=enter) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert entered == [1] * 300
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"origin": None}, "expects origin"),
        ({"origin": "http://127.0.0.1:1/"}, "give fname"),
        ({"fname": "../x"}, "fname without a folder, got '../x'"),
        ({"fname": ".."}, "fname without a folder"),
        ({"hash_algorithm": "sha1"}, "hash_algorithm 'auto', 'md5' or 'sha256', got 'sha1'"),
        ({"archive_format": "rar"}, "archive_format 'auto', 'tar', 'zip', .* got 'rar'"),
    ],
)
def test_what_is_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        utils.get_file(**{"origin": "http://127.0.0.1:1/x", **arguments})


def tar_of(members: dict[str, bytes | tuple[bytes, str]], mode: str = "w:gz") -> bytes:
    """An archive of files; a pair of a type and a name is a link."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, tuple):
                info.type, info.linkname = content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def zip_of(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("arguments", "folder", "archive"),
    [
        ({"fname": "set", "extract": True}, "set", "set_archive"),
        ({"fname": "set.tar.gz", "extract": True}, "set_extracted", "set.tar.gz"),
        ({"extract": True}, "data.bin", "data.bin_archive"),
        ({"fname": "set", "untar": True}, "set", "set_archive"),
        ({"fname": "set", "extract": True, "archive_format": ["zip", "tar"]}, "set", "set_archive"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_extraction(server, cache, arguments, folder, archive, kind):
    members = {"a.txt": b"a", "in/b.txt": b"b"}
    server.data = tar_of(members) if kind == "tar" else zip_of(members)
    if kind == "zip" and "untar" in arguments:
        with pytest.raises(ValueError, match=r"expects an archive .tar. where extract=True"):
            utils.get_file(origin=server.address(), **arguments)
        return
    path = utils.get_file(origin=server.address(), **arguments)
    assert path == str(cache / "datasets" / folder) and names(cache / "datasets") == sorted([folder, archive])
    assert (cache / "datasets" / folder / "in" / "b.txt").read_bytes() == b"b"
    utils.get_file(origin=server.address(), **arguments)
    assert len(server.ranges) == 1
    server.data = tar_of({"c.txt": b"c"})
    if kind == "tar":
        utils.get_file(origin=server.address(), force_download=True, **arguments)
        assert names(path) == ["c.txt"]


def test_what_is_no_archive(server, cache):
    with pytest.raises(ValueError, match=r"expects an archive .tar or zip. where extract=True, got .*set_archive"):
        utils.get_file("set", server.address(), extract=True)
    assert names(cache / "datasets") == ["set_archive"]


@pytest.mark.parametrize(
    "evil",
    [
        {"../out.txt": b"x"},
        {"in/../../out.txt": b"x"},
        {"/tmp/fastnn-out.txt": b"x"},
        {"link": (tarfile.SYMTYPE, "../..")},
        {"link": (tarfile.SYMTYPE, "/etc")},
        {"hard": (tarfile.LNKTYPE, "../../secret.txt")},
        {"pipe": (tarfile.FIFOTYPE, "")},
        {"device": (tarfile.CHRTYPE, "")},
    ],
    ids=str,
)
def test_tar_members_cannot_leave_the_folder(server, cache, evil):
    cache.mkdir()
    (cache / "secret.txt").write_text("secret")
    server.data = tar_of({"good.txt": b"good", **evil})
    with pytest.warns(UserWarning, match=r"left out .* it would lie outside the folder, link out of it, or is no"):
        path = utils.get_file("set", server.address(), extract=True)
    assert names(path) == ["good.txt"]
    assert names(cache) == ["datasets", "secret.txt"] and not os.path.exists("/tmp/fastnn-out.txt")


def test_a_link_to_a_link_cannot_leave_the_folder(server, cache):
    server.data = tar_of(
        {"a/x": b"", "b": (tarfile.SYMTYPE, "a"), "c": (tarfile.SYMTYPE, "b/../.."), "c/out.txt": b"x", "b/y": b"y"}
    )
    with pytest.warns(UserWarning, match=r"left out 'c'"):
        path = utils.get_file("set", server.address(), extract=True)
    assert names(cache / "datasets") == ["set", "set_archive"]
    assert names(os.path.join(path, "a")) == ["x", "y"]


@pytest.mark.parametrize("evil", ["../out.txt", "/tmp/fastnn-out.txt", "in/../../out.txt"])
def test_zip_members_cannot_leave_the_folder(server, cache, evil):
    server.data = zip_of({"good.txt": b"good", evil: b"x"})
    with pytest.warns(UserWarning, match=r"left out"):
        path = utils.get_file("set", server.address(), extract=True)
    assert names(path) == ["good.txt"] and names(cache) == ["datasets"]


def test_a_broken_archive_leaves_no_folder(server, cache):
    whole = tar_of({"a.txt": DATA})
    server.data = whole[:200_000]
    with pytest.raises((EOFError, tarfile.TarError)):
        utils.get_file("set", server.address(), extract=True)
    assert names(cache / "datasets") == ["set_archive"]


def test_a_cache_that_cannot_be_written(server, cache, monkeypatch):
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    with pytest.raises(PermissionError, match=r"cannot write to .*datasets .Permission denied.; give cache_dir"):
        utils.get_file(origin=server.address())


def test_other_folders(server, tmp_path):
    path = utils.get_file(origin=server.address(), cache_dir=tmp_path / "here", cache_subdir="models")
    assert path == str(tmp_path / "here" / "models" / "data.bin")
    path = utils.get_file(origin=server.address(), cache_subdir=str(tmp_path / "there"))
    assert path == str(tmp_path / "there" / "data.bin")
