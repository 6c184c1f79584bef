"""The painted frames of a clip that a run leaves for another one."""

from __future__ import annotations

import numpy as np
import pytest

from vidstyle import InputError, UsageError
from vidstyle.optimize.kept import KeptFrames

FRAME = np.full((8, 8, 3), 90, np.uint8)


def kept(tmp_path, count=3):
    return KeptFrames(tmp_path / "out.mkv", {"steps": "2"}, count)


def test_two_runs_do_not_share_a_folder(tmp_path):
    first = kept(tmp_path)
    with pytest.raises(UsageError, match="another run is writing"):
        kept(tmp_path)
    first.painted[0] = FRAME
    first.add(1)
    first.close()
    again = kept(tmp_path)
    assert again.done == 1
    assert np.array_equal(again.painted[0], FRAME)
    again.finished = True
    again.close()
    assert not again.folder.exists()


def test_frames_that_are_missing_or_damaged_are_found(tmp_path):
    first = kept(tmp_path)
    for number in range(2):
        first.painted[number] = FRAME
        first.add(number + 1)
    first.close()
    (frame,) = (first.folder / "painted").glob("000001.png")
    frame.write_bytes(b"no picture")
    again = kept(tmp_path)
    with pytest.raises(InputError, match=r"000001\.png: it is damaged; remove"):
        again.painted[1]
    again.close()
    frame.unlink()
    with pytest.raises(UsageError, match="is damaged; remove"):
        kept(tmp_path)


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "out.mkv.resume").mkdir()
    (tmp_path / "out.mkv.resume" / "precious").touch()
    with pytest.raises(UsageError, match="holds no painted frames"):
        kept(tmp_path)
