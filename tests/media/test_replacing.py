"""Only a missing name or a plain file is ever replaced; what a dead run left goes, what a living one makes stays."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

import vidstyle
from tests.clips import make_clip, make_picture
from tests.conftest import ROOT
from tests.conftest import vidstyle as command
from vidstyle import OutputError, UsageError
from vidstyle.disk.pending import PendingFile, write_whole
from vidstyle.media.atomic_output import check_output

IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
needs_locks = pytest.mark.skipif(os.name == "nt", reason="no flock")


def make_fifo(path):
    os.mkfifo(path)


def make_device(path):
    """A node of our own: never the system's."""
    if not IS_ROOT:
        pytest.skip("only root makes devices")
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except OSError as error:
        pytest.skip(f"no devices here: {error}")


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


SPECIAL = {"a named pipe": make_fifo, "a device": make_device, "a socket": make_socket}


@pytest.mark.parametrize("kind", SPECIAL)
@pytest.mark.parametrize("linked", [False, True])
def test_what_is_no_file_is_refused(base, tmp_path, kind, linked):
    node = tmp_path / "node.mkv"
    SPECIAL[kind](node)
    out = node
    if linked:
        out = tmp_path / "link.mkv"
        out.symlink_to(node)
    before = node.lstat()
    with pytest.raises(UsageError, match=f"it is {kind}, not a file"):
        vidstyle.stylize(base, "identity", out, overwrite=True)
    assert os.path.samestat(before, node.lstat())
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted({node.name, out.name})


def test_the_way_out_is_an_option(base, tmp_path):
    os.mkfifo(tmp_path / "node.mkv")
    done = command("run", base, "-s", "identity", "-y", "-o", tmp_path / "node.mkv")
    assert done.returncode == 2
    assert "write to standard output: -o - --to matroska" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("kind", SPECIAL)
def test_every_writer_refuses_it(tmp_path, kind):
    node = tmp_path / "node.png"
    SPECIAL[kind](node)
    picture = make_picture(tmp_path / "picture.png")
    with pytest.raises(UsageError, match=kind):
        check_output(node, overwrite=True)
    with pytest.raises(UsageError, match=kind):
        write_whole(node, b"data")
    with pytest.raises(UsageError, match=kind):
        vidstyle.paint(picture, picture, node, overwrite=True)
    pending = PendingFile(tmp_path / "late.mkv")
    SPECIAL[kind](tmp_path / "late.mkv")  # it comes while the output is made
    with pytest.raises(UsageError, match=kind):
        pending.commit(overwrite=True)
    pending.discard()
    assert not list(tmp_path.glob(".*"))


def save_style(path):
    vidstyle.Style(np.zeros(3, np.float32), "network").save(path)


def save_picture(path):
    from vidstyle.optimize.pictures import write_picture

    write_picture(path, np.zeros((8, 8, 3), np.uint8), overwrite=True)


def save_curve(path):
    from vidstyle.cli.pictures import write_curve

    write_curve(path, [], overwrite=True)


def save_checkpoint(path):
    from vidstyle.training import checkpoint

    checkpoint.save(path, {"step": 1})


def ship_weights(path):
    from torch import device, nn

    from vidstyle.training.config import StyleConfig
    from vidstyle.training.run import Run

    run = Run(nn.Linear(2, 2), path.parent, StyleConfig(), device("cpu"))
    assert run.ship(path) == path


def note_digests(path):
    from safetensors.numpy import save

    from vidstyle.zoo.tensors import note_networks

    if path.is_file():
        path.write_bytes(save({"weight": np.zeros(3, np.float32)}))
        note_networks(path, [])
    else:  # it adds to weights that are there
        write_whole(path, b"")


def export_networks(path):
    from types import SimpleNamespace
    from unittest import mock

    from vidstyle.runtime.quiet import ov
    from vidstyle.training import export

    value = ov.opset13.parameter([1, 3], np.float32, name="x")
    network = ov.Model([ov.opset13.relu(value)], [value], "made")
    files = SimpleNamespace(
        weights=path, frame_net=path, float_net_16bit=path.with_name("other.xml")
    )
    with (
        mock.patch.object(export, "load_network"),
        mock.patch.object(export, "make_painter"),
        mock.patch.object(export, "to_ir", return_value=network),
    ):
        export.export_openvino(files)


WRITERS = {
    "style.npz": save_style,
    "painting.png": save_picture,
    "curve.csv": save_curve,
    "checkpoint.pt": save_checkpoint,
    "net.safetensors": ship_weights,
    "own.safetensors": note_digests,
    "own_frame.xml": export_networks,
}


@pytest.fixture(params=WRITERS)
def written(request, tmp_path):
    """A name in a folder of its own, and what writes a file there."""
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder" / request.param, WRITERS[request.param]


@pytest.mark.skipif(os.name == "nt", reason="no such modes")
def test_every_writer_follows_a_link_and_keeps_permissions(written, tmp_path):
    path, write = written
    real = tmp_path / "real"
    real.write_text("old")
    real.chmod(0o600)
    path.symlink_to(real)
    write(path)
    assert path.is_symlink()
    assert real.read_bytes() != b"old"
    assert real.stat().st_mode & 0o777 == 0o600
    assert not list(path.parent.glob(".*"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_every_writer_replaces_no_pipe(written):
    path, write = written
    os.mkfifo(path)
    end = os.open(path, os.O_RDWR)  # so that one that writes into it does not wait
    try:
        with pytest.raises(UsageError, match="a named pipe"):
            write(path)
    finally:
        os.close(end)
    assert stat.S_ISFIFO(path.lstat().st_mode)


def test_every_writer_leaves_the_old_file_where_the_disk_is_full(written, monkeypatch):
    path, write = written
    path.write_text("old")

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OutputError, match="No space left"):
        write(path)
    assert write is note_digests or path.read_text() == "old"
    assert not list(path.parent.glob(".*"))


def test_numbered_pictures_replace_no_link(tmp_path):
    (tmp_path / "precious.png").write_text("precious")
    (tmp_path / "2.png").symlink_to(tmp_path / "precious.png")
    with pytest.raises(UsageError, match="it is a link"):
        check_output(tmp_path / "%d.png", overwrite=True)
    assert (tmp_path / "precious.png").read_text() == "precious"


@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_followed(base, tmp_path, there):
    (tmp_path / "big").mkdir()
    real, link = tmp_path / "big" / "real.mp4", tmp_path / "link.mp4"
    link.symlink_to("big/real.mp4")
    if there:
        real.write_text("old")
    vidstyle.stylize(base, "identity", link, overwrite=there)
    assert link.is_symlink()
    assert not real.is_symlink()
    assert real.stat().st_size > 1000
    assert [p.name for p in (tmp_path / "big").iterdir()] == ["real.mp4"]


def test_a_link_to_nowhere_or_to_itself_is_refused(base, tmp_path):
    (tmp_path / "nowhere.mp4").symlink_to("none/real.mp4")
    (tmp_path / "round.mp4").symlink_to("round.mp4")
    for name in ("nowhere.mp4", "round.mp4"):
        with pytest.raises(UsageError, match="cannot write"):
            vidstyle.stylize(base, "identity", tmp_path / name, overwrite=True)


def test_a_link_to_the_input_is_the_input(base, tmp_path):
    clip = make_clip(tmp_path / "in.mp4", times=range(3), sound=False)
    before = clip.read_bytes()
    (tmp_path / "link.mp4").symlink_to(clip)
    os.link(clip, tmp_path / "hard.mp4")
    for name in ("link.mp4", "hard.mp4"):
        with pytest.raises(UsageError, match="an input itself"):
            vidstyle.stylize(clip, "identity", tmp_path / name, overwrite=True)
    assert clip.read_bytes() == before


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o666])
def test_a_replaced_file_keeps_its_permissions(base, tmp_path, mode):
    out = tmp_path / "out.mp4"
    out.write_text("old")
    out.chmod(mode)
    seen = []

    def look(_progress):
        seen.extend(p.stat().st_mode & 0o777 for p in tmp_path.glob(".out*.part"))

    vidstyle.stylize(base, "identity", out, overwrite=True, on_progress=look)
    assert out.stat().st_mode & 0o777 == mode
    assert seen  # nor is it more readable while it is made
    assert not any(found & 0o077 & ~mode for found in seen)


@pytest.mark.skipif(not IS_ROOT, reason="only root gives files away")
def test_a_replaced_file_keeps_its_owner(tmp_path):
    out = tmp_path / "out.bin"
    out.write_text("old")
    os.chown(out, 1234, 2345)
    write_whole(out, b"new")
    assert (out.stat().st_uid, out.stat().st_gid) == (1234, 2345)


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_a_new_file_has_the_mode_of_the_umask(base, tmp_path, umask):
    before = os.umask(umask)
    try:
        vidstyle.stylize(base, "identity", tmp_path / "out.mp4")
        vidstyle.stylize(base, "identity", tmp_path / "%02d.png")
    finally:
        os.umask(before)
    for name in ("out.mp4", "01.png"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o666 & ~umask


def test_the_style_is_not_replaced(tmp_path):
    photo, art = make_picture(tmp_path / "photo.png"), make_picture(tmp_path / "art.png", 64, 64)
    before = art.read_bytes()
    with pytest.raises(UsageError, match=r"art\.png is an input itself"):
        vidstyle.stylize(photo, art, art, overwrite=True)
    assert art.read_bytes() == before


@pytest.fixture
def frames(tmp_path):
    folder = tmp_path / "fr"
    folder.mkdir()
    for number in range(1, 4):
        cv2.imwrite(str(folder / f"{number:05d}.png"), np.full((32, 32, 3), number, np.uint8))
    (tmp_path / "alias").symlink_to(folder)
    return folder


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("fr/%05d.png", "fr/%05d.png"),
        ("fr/%05d.png", "fr/../fr/%05d.png"),
        ("fr/%05d.png", "alias/%05d.png"),
        ("alias/%05d.png", "fr/%05d.png"),
        ("fr/00003.png", "fr/%05d.png"),
        ("fr/00003.png", "alias/%05d.png"),
    ],
)
def test_a_sequence_does_not_paint_over_its_input(frames, tmp_path, source, target):
    before = {p: p.read_bytes() for p in frames.iterdir()}
    with pytest.raises(UsageError, match="an input itself"):
        vidstyle.stylize(tmp_path / source, "identity", tmp_path / target, overwrite=True)
    assert {p: p.read_bytes() for p in frames.iterdir()} == before


def test_other_names_beside_the_input_are_free(frames, tmp_path):
    vidstyle.stylize(tmp_path / "fr/%05d.png", "identity", tmp_path / "fr/%03d.png", overwrite=True)
    assert len(list(frames.iterdir())) == 6


def test_the_hint_for_numbered_pictures_works(base, tmp_path):
    with pytest.raises(UsageError, match="one picture") as refused:
        vidstyle.stylize(base, "identity", tmp_path / "50%n.png")
    name = str(refused.value).split()[-4]
    vidstyle.stylize(base, "identity", tmp_path / name)
    assert len(list(tmp_path.iterdir())) == 30


def test_a_folder_that_cannot_be_written_is_told(base, tmp_path, monkeypatch):
    def refuse(*_args, **_settings):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OutputError, match="Permission denied"):
        write_whole(tmp_path / "out.mp4", b"data")
    with pytest.raises(OutputError, match="Permission denied"):
        vidstyle.stylize(base, "identity", tmp_path / "out.mp4")


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no SIGHUP")
@pytest.mark.parametrize("ignored", [False, True])
def test_a_hangup_ends_a_run_cleanly_unless_it_is_ignored(tmp_path, ignored):
    clip = make_clip(tmp_path / "in.nut", codec="rawvideo", sound=False).read_bytes()
    command = [sys.executable, "-m", "vidstyle", "run", "-", "-s", "identity", "-o", "out.mp4"]
    # These tests may themselves run under nohup, and what is ignored is inherited.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    run = subprocess.Popen(
        ["nohup", *command] if ignored else command,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    signal.signal(signal.SIGHUP, before)
    run.stdin.write(clip)
    run.stdin.flush()  # and then it waits for more
    while not list(tmp_path.glob(".out.mp4.*.part")):
        assert run.poll() is None
        time.sleep(0.01)
    run.send_signal(signal.SIGHUP)
    if not ignored:
        assert run.wait(60) == 129
    told = run.communicate()[1]
    assert run.returncode == (0 if ignored else 129)
    assert ignored or b"interrupted" in told
    assert (tmp_path / "out.mp4").exists() == ignored
    assert not list(tmp_path.glob(".*.part"))
