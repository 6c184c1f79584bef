"""A network of one's own: the weights that are named are the weights that paint, and damage is told in a line."""

from __future__ import annotations

import json
import pickle
import shutil
import struct

import numpy as np
import pytest

import vidstyle
from tests.clips import pattern
from vidstyle import InputError
from vidstyle.zoo import catalog
from vidstyle.zoo.tensors import Tensors


@pytest.fixture
def own(tmp_path):
    """A copy of a shipped network under another name; older ones do not say what was made from them."""
    for file in (catalog.FOLDER / "styles").glob("starry_night*"):
        shutil.copy(file, tmp_path / file.name.replace("starry_night", "own"))
    return tmp_path / "own.safetensors"


def paint(weights):
    return list(vidstyle.stylize_frames([pattern(0, 64, 48)], weights, device="cpu"))


def header(entries):
    text = json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text


ENTRY = {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no safetensors"),
        (pickle.dumps({"a": 1}), "no safetensors"),
        (struct.pack("<Q", 2**60) + b"{}", "no safetensors"),
        (header({}), "no weights"),
        (header({"a": ENTRY, "b": ENTRY}) + bytes(4), "no safetensors"),
        (header({"a": ENTRY | {"shape": [3]}}) + bytes(4), "no safetensors"),
        (header({"a": ENTRY | {"dtype": "X"}}) + bytes(4), "no safetensors"),
        (header({"a": ENTRY}) + b"\x00\x7e\x00\x7e", "numbers that are none"),
        (header({"a": 1}), "no safetensors"),
        (struct.pack("<Q", 10**5) + b"[" * 10**5, "no safetensors"),
    ],
)
def test_weights_are_read_whatever_lies_beside_them(own, data, message):
    own.write_bytes(data)
    with pytest.raises(InputError, match=message):
        paint(own)


def test_another_network_beside_the_weights_is_refused(own):
    assert paint(own)
    shutil.copy(catalog.FOLDER / "styles" / "udnie.safetensors", own)
    with pytest.raises(InputError, match="was not made from"):
        paint(own)


@pytest.mark.parametrize("noted", [True, False])
@pytest.mark.parametrize("ending", ["8.xml", "8.bin", "16.xml", "16.bin"])
def test_a_damaged_conversion_is_told(own, ending, noted):
    if noted:
        catalog.open_file(own).note_networks()
    file = own.with_name(f"own_frame{ending}")
    file.write_bytes(file.read_bytes()[:100])
    if ending.startswith("8") and not noted:
        own.with_name("own_frame.xml").write_bytes(b"<net")  # where the processor has no int8
    with pytest.raises(InputError, match=r"damaged|was not made from"):
        paint(own)


def test_an_older_network_is_used_with_a_warning_and_without_int8(own, caplog):
    shutil.copy(catalog.FOLDER / "styles" / "udnie_frame8.xml", own.with_name("own_frame8.xml"))
    shutil.copy(catalog.FOLDER / "styles" / "udnie_frame8.bin", own.with_name("own_frame8.bin"))
    model = vidstyle.load(own, device="cpu")
    assert "int8" not in model.stylizer.engine.name
    (told,) = caplog.messages
    assert "beside it may be of other weights" in told
    assert "own_frame.xml, own_frame16.xml" in told
    assert "own_frame8.xml is not used" in told
    caplog.clear()
    catalog.open_file(own).note_networks()
    vidstyle.load(own, device="cpu")
    assert not caplog.messages


def test_what_was_made_is_noted_and_weights_stay(own):
    before = Tensors.read(own).tensors
    catalog.open_file(own).note_networks()
    after = Tensors.read(own)
    assert after.tensors == before
    assert len(after.notes) >= 6
    assert np.array_equal(paint(own), paint("starry_night"))
    for file in own.parent.glob("own*"):  # all of them under another name
        file.rename(own.with_name(file.name.replace("own", "other")))
    assert paint(own.with_name("other.safetensors"))
    own = own.with_name("other_frame8.bin")
    own.write_bytes(own.read_bytes()[:-1] + b"\x77")
    with pytest.raises(InputError, match="was not made from"):
        paint(own.with_name("other.safetensors"))
