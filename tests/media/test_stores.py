"""Inputs and outputs at addresses that fsspec knows: read whole, written whole, and everything that a store may do."""

from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

import vidstyle
from tests.clips import make_clip, make_picture
from tests.conftest import vidstyle as command
from vidstyle import InputError, MissingPackageError, OutputError, UsageError
from vidstyle.errors import Interrupted
from vidstyle.files import Job
from vidstyle.media import address
from vidstyle.media.address import Stored, located, placed
from vidstyle.media.inputs import fingerprint
from vidstyle.media.stores import fetch, is_stored, send, stored_in
from vidstyle.staging import staged

fsspec = pytest.importorskip(
    "fsspec", reason="fsspec is not installed: pip install 'vidstyle[fsspec]'"
)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp("clip") / "in.mp4", times=range(10), size=(64, 48))


@pytest.fixture
def memory(clip):
    """A store in this process: in.mp4 in a folder of its own."""
    files = fsspec.filesystem("memory")
    files.makedirs("/clips")
    files.put_file(str(clip), "/clips/in.mp4")
    yield files
    files.rm("/", recursive=True)


@pytest.fixture
def strange():
    """Register a kind of store, strange://, that lies in this machine's files and has some methods of its own."""
    from fsspec.implementations.local import LocalFileSystem

    def register(**methods):
        kind = type(
            "Strange", (LocalFileSystem,), {"protocol": "strange", "cachable": False} | methods
        )
        kind._strip_protocol = classmethod(
            lambda cls, path: LocalFileSystem._strip_protocol(str(path).removeprefix("strange://"))
        )
        fsspec.register_implementation("strange", kind, clobber=True)

    return register


def test_what_is_painted_is_what_a_file_gives(clip, memory, tmp_path):
    result = vidstyle.stylize("memory://clips/in.mp4", "identity")
    assert str(result.output) == "memory://clips/in.identity.mp4"
    vidstyle.stylize(clip, "identity", tmp_path / "out.mp4")
    assert memory.cat("/clips/in.identity.mp4") == (tmp_path / "out.mp4").read_bytes()
    assert memory.ls("/clips", detail=False) == ["/clips/in.identity.mp4", "/clips/in.mp4"]


def test_one_end_may_be_a_file(clip, memory, tmp_path):
    vidstyle.stylize("memory://clips/in.mp4", "identity", tmp_path / "out.mp4")
    vidstyle.stylize(clip, "identity", "memory://clips/out.mp4")
    assert memory.cat("/clips/out.mp4") == (tmp_path / "out.mp4").read_bytes()


def test_what_is_there_is_replaced_if_that_is_allowed(clip, memory):
    memory.pipe("/clips/out.mp4", b"mine")
    with pytest.raises(UsageError, match="exists already; pass `overwrite`"):
        vidstyle.stylize(clip, "identity", "memory://clips/out.mp4")
    assert memory.cat("/clips/out.mp4") == b"mine"
    vidstyle.stylize(clip, "identity", "memory://clips/out.mp4", overwrite=True)
    assert len(memory.cat("/clips/out.mp4")) > 1000


@pytest.mark.parametrize(
    ("source", "output", "options", "text"),
    [
        ("memory://clips/none.mp4", None, {}, "cannot read memory://clips/none.mp4: it does not exist"),
        ("memory://clips/bad.mp4", None, {}, "cannot read memory://clips/bad.mp4: not a media file"),
        ("memory://clips.d", None, {}, "clips.d: it is a folder; end its name with a slash"),
        (None, "memory://nowhere/out.mp4", {}, "memory://nowhere/out.mp4: its folder does not exist"),
        (None, "memory://clips/out.xyz", {}, "cannot tell the container from the ending '.xyz'"),
        (None, "memory://clips/%04d.png", {}, "numbered pictures go into a folder of this machine"),
        (None, "memory://clips/out.mp4", {"resume": True}, "name a file, not memory://clips/out.mp4"),
        (None, "memory://clips/o.mp4", {"keep_partial": True}, "name a file, not memory://clips/o.mp4"),
        (None, "http://host/out.mp4", {}, "cannot write http://host/out.mp4: http:// is not written"),
        ("memory://clips/in.mp4", "memory://clips/in.mp4", {"overwrite": True}, "is an input itself"),
        ("memory://clips/in.mp4", "memory:///clips/in.mp4", {"overwrite": True}, "is an input itself"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_line(clip, memory, source, output, options, text):
    memory.pipe("/clips/bad.mp4", b"no video" * 100)
    memory.makedirs("/clips.d")
    with pytest.raises(vidstyle.VidstyleError) as caught:
        vidstyle.stylize(source or clip, "identity", output, **options)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    assert not memory.exists("/clips/out.mp4")


def test_an_address_of_this_machine_does_not_replace_what_is_read(clip, tmp_path):
    own, style = tmp_path / "in.mp4", make_picture(tmp_path / "style.png")
    own.write_bytes(clip.read_bytes())
    for source, output in (
        (own, f"local://{own}"),
        (f"local://{own}", own),
        (own, f"local://{style}"),
    ):
        with pytest.raises(UsageError, match="is an input itself"):
            vidstyle.stylize(source, style, output, overwrite=True)
    assert own.read_bytes() == clip.read_bytes()


def test_a_list_does_not_take_its_own_outputs_for_inputs(clip, tmp_path):
    (tmp_path / "in.mp4").write_bytes(clip.read_bytes())
    words = (["identity"], f"local://{tmp_path}//{{name}}.{{style}}.mp4")
    for status in ("done", "skipped"):
        report = vidstyle.stylize_many(
            [tmp_path], *words, report=tmp_path / "r.json", overwrite=True
        )
        assert [outcome.status for outcome in report.outcomes] == [status]
    with pytest.raises(UsageError, match="is an input itself"):
        vidstyle.stylize_many([tmp_path / "in.mp4", tmp_path / "in.identity.mp4"], *words)


def test_files_at_the_root_of_an_archive_are_found(clip, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("one.mp4", "sub/two.mp4"):
            archive.write(clip, name)
    for root in ("zip://", "zip:///"):
        folder = Stored(f"{root}::file://{tmp_path}/a.zip")
        found = stored_in(folder, frozenset({".mp4"}), recursive=True)
        assert [(at.name, str(folder.to_folder_of(at))) for at in found] == [
            ("one.mp4", "."),
            ("two.mp4", "sub"),
        ]
        assert all(is_stored(at) for at in found)


def test_a_list_from_a_folder_is_skipped_once_it_is_whole(memory, tmp_path):
    memory.copy("/clips/in.mp4", "/clips/deep/er/b.mp4")
    memory.pipe("/clips/notes.txt", b"no video")
    memory.pipe("/clips/.hidden.mp4", b"no video")

    def many():
        report = vidstyle.stylize_many(
            ["memory://clips/"],
            ["identity"],
            "memory://out/{folder}/{name}.{ext}",
            recursive=True,
            report=tmp_path / "report.json",
        )
        return [outcome.status for outcome in report.outcomes]

    assert many() == ["done", "done"]
    assert memory.find("/out") == ["/out/deep/er/b.mp4", "/out/in.mp4"]
    assert many() == ["skipped", "skipped"]
    memory.rm("/out/in.mp4")
    assert many() == ["skipped", "done"]
    results = json.loads((tmp_path / "report.json").read_text())["results"]
    assert results[0]["input"] == "memory://clips/deep/er/b.mp4"


def test_a_copy_has_the_time_of_the_file(clip, memory, tmp_path):
    """So a network that was fitted to a clip is found again."""
    copies = [tmp_path / "1" / "in.mp4", tmp_path / "2" / "in.mp4"]
    for copy in copies:
        copy.parent.mkdir()
        fetch(Stored("memory://clips/in.mp4"), copy)
    assert fingerprint(copies[0]) == fingerprint(copies[1])


def test_a_transfer_that_fails_leaves_nothing(strange, clip, tmp_path):
    def put_file(self, file, path, **_):
        Path(path).write_bytes(Path(file).read_bytes()[:100])
        raise RuntimeError("the line is\ncut")

    strange(put_file=put_file)
    out = f"strange://{tmp_path}/out.mp4"
    with pytest.raises(OutputError, match=r"^cannot write strange://.*/out.mp4: the line is$"):
        vidstyle.stylize(clip, "identity", out)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_is_that_of_the_copies(strange, clip, memory):
    def get_file(self, path, file, **_):
        raise OSError(errno.ENOSPC, "No space left on device", file)

    strange(get_file=get_file)
    said = r"^cannot copy strange://.*in.mp4 to .*: No space left on device; TMPDIR names another"
    with pytest.raises(OutputError, match=said):
        vidstyle.stylize(f"strange://{clip}", "identity", "memory://clips/out.mp4")
    job = Job(clip, Stored("memory://clips/out.mp4"))
    with pytest.raises(OutputError, match=r"memory://clips/out.mp4: full; .* TMPDIR"), staged(job) as here:  # fmt: skip
        raise OutputError(f"cannot write {here.output}: full")


def test_what_is_stopped_while_it_is_sent_leaves_nothing(strange, clip, tmp_path):
    over = threading.Event()

    def put_file(self, file, path, **_):
        Path(path).write_bytes(b"some")
        over.wait(60)

    def stop():
        if list(tmp_path.iterdir()):
            raise Interrupted(signal.SIGINT)

    strange(put_file=put_file)
    with pytest.raises(Interrupted):
        send(clip, Stored(f"strange://{tmp_path}/out.mp4"), overwrite=False, stop=stop)
    assert list(tmp_path.iterdir()) == []
    over.set()


def test_an_output_appears_when_it_is_whole(strange, clip, tmp_path):
    seen = []

    def put_file(self, file, path, **_):
        Path(path).write_bytes(Path(file).read_bytes())
        seen.append([entry.name for entry in tmp_path.iterdir()])

    strange(put_file=put_file)
    send(clip, Stored(f"strange://{tmp_path}/out.mp4"), overwrite=False)
    ((name,),) = seen
    assert name.startswith(".out.mp4.")
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.mp4"]


def test_a_store_that_says_nothing_is_given_up(strange, clip, tmp_path):
    over = threading.Event()
    strange(get_file=lambda self, path, file, **_: over.wait(60))

    class Ended(Exception):
        """What a caller's function raises stays what it is."""

    def stop():
        raise Ended

    with pytest.raises(Ended):
        fetch(Stored(f"strange://{clip}"), tmp_path / "in.mp4", stop)
    over.set()


def test_a_store_whose_package_is_missing(strange, clip):
    def missing(self, *_, **__):
        raise ImportError("Install s3fs to access S3")

    strange(__init__=missing)
    with pytest.raises(MissingPackageError, match=r"read strange://.*: Install s3fs to access S3$"):
        vidstyle.stylize(f"strange://{clip}", "identity")


def test_without_fsspec_one_line_says_how_to_get_it(monkeypatch, clip):
    monkeypatch.setattr(address, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'vidstyle\[fsspec\]'"):
        vidstyle.stylize("s3://bucket/in.mp4", "identity")
    with pytest.raises(UsageError, match=r"pip install 'vidstyle\[fsspec\]'"):
        vidstyle.stylize(clip, "identity", "s3://bucket/out.mp4")


def test_fsspec_is_imported_for_addresses_alone(clip, tmp_path):
    code = "import sys, vidstyle; vidstyle.stylize(*sys.argv[1:]); print('fsspec' in sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", code, clip, "identity", tmp_path / "out.mp4"],
        capture_output=True,
        text=True,
    )
    assert ended.stdout == "False\n", ended.stderr


@pytest.mark.parametrize(
    ("url", "name", "shown", "beside"),
    [
        ("s3://bucket/a/in.mp4", "in.mp4", "s3://bucket/a/in.mp4", "s3://bucket/a/o.mp4"),
        ("sftp://me:word@host/in.mp4", "in.mp4", "sftp://host/in.mp4", "sftp://me:word@host/o.mp4"),
        ("zip://in.mp4::s3://b/a.zip", "in.mp4", "zip://in.mp4::s3://b/a.zip", "zip://o.mp4::s3://b/a.zip"),
        ("simplecache::s3://b/a/in.mp4", "in.mp4", "simplecache::s3://b/a/in.mp4", "simplecache::s3://b/a/o.mp4"),
        ("filecache::zip://in.mp4::sftp://me:word@h/a.zip", "in.mp4", "filecache::zip://in.mp4::sftp://h/a.zip", "filecache::zip://o.mp4::sftp://me:word@h/a.zip"),
    ],
)  # fmt: skip
def test_parts_of_an_address(url, name, shown, beside):
    stored = Stored(url)
    assert (stored.name, str(stored), stored.with_name("o.mp4").url) == (name, shown, beside)


@pytest.mark.parametrize("chain", ["simplecache", "filecache", "simplecache::zip"])
def test_a_file_is_read_through_a_cache(chain, clip, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(clip, "in.mp4")
    inside = f"in.mp4::file://{tmp_path}/a.zip"
    source = f"{chain}://{inside}" if chain.endswith("zip") else f"{chain}::file://{clip}"
    vidstyle.stylize(source, "identity", tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4").stat().st_size


def test_a_file_is_written_through_a_cache_and_not_over_what_is_read(clip, tmp_path):
    place = f"simplecache::file://{tmp_path}/out.mp4"
    vidstyle.stylize(clip, "identity", place)
    assert (tmp_path / "out.mp4").stat().st_size
    with pytest.raises(UsageError, match="is an input itself"):
        vidstyle.stylize_many([place], ["identity"], tmp_path / "out.mp4", overwrite=True)


def test_what_is_an_address():
    assert located("simplecache::memory://in.mp4", stored=True) == Stored(
        "simplecache::memory://in.mp4"
    )
    assert located("a::b.mp4", stored=True) == Path("a::b.mp4")
    assert located("memory://a/in.mp4", stored=True) == Stored("memory://a/in.mp4")
    assert placed("memory://a/in.mp4") == Stored("memory://a/in.mp4")
    assert placed("a/in.mp4") == Path("a/in.mp4")
    for text in ("file:///a/in.mp4", "rtsp://host/in.mp4"):
        with pytest.raises(InputError, match="expected http"):
            located(text, stored=True)
    with pytest.raises(
        InputError, match="only vidstyle run reads such addresses, without keyframes"
    ):
        located("memory://a/in.mp4")


def test_the_command_takes_addresses(clip, tmp_path):
    ended = command("run", f"local://{clip}", "-s", "identity", "-o", f"local://{tmp_path}/out.mp4")
    assert ended.returncode == 0, ended.stderr
    assert f"local://{tmp_path}/out.mp4: 10 frames" in ended.stderr
    ended = command("run", f"local://{clip}", "-s", "identity", "-o", f"local://{tmp_path}/out.mp4")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "out.mp4 exists already; pass -y" in ended.stderr
    ended = command("probe", f"local://{clip}")
    assert ended.returncode == 2
    assert "only vidstyle run reads such addresses" in ended.stderr
