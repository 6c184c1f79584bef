"""vidstyle as an element of GStreamer, for Python's plugin loader: `videoconvert ! vidstyle style=starry.jpg ! videoconvert`.

The file is not called vidstyle.py: the loader imports it by its name, which would hide the package.
"""

from __future__ import annotations

from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstBase", "1.0")
gi.require_version("GstVideo", "1.0")

import numpy as np  # noqa: E402
from gi.repository import GLib, GObject, Gst, GstBase, GstVideo  # noqa: E402

_CAPS = Gst.Caps.from_string("video/x-raw,format=RGB,width=[1,MAX],height=[1,MAX]")
_CHANGEABLE = GObject.ParamFlags.READWRITE | Gst.PARAM_MUTABLE_PLAYING
_FIXED = GObject.ParamFlags.READWRITE | Gst.PARAM_MUTABLE_READY


class VidStyle(GstBase.BaseTransform):
    """Paints RGB frames in their own buffers, one after the other."""

    __gtype_name__ = "VidStyle"
    __gstmetadata__ = (
        "vidstyle",
        "Filter/Effect/Video",
        "Makes a video look like a painting",
        "vidstyle",
    )
    __gsttemplates__ = (
        Gst.PadTemplate.new("src", Gst.PadDirection.SRC, Gst.PadPresence.ALWAYS, _CAPS),
        Gst.PadTemplate.new("sink", Gst.PadDirection.SINK, Gst.PadPresence.ALWAYS, _CAPS),
    )
    style = GObject.Property(
        type=str, flags=_FIXED, nick="Style", blurb="A picture, a shipped network or weights"
    )
    device = GObject.Property(
        type=str, default="auto", flags=_FIXED, nick="Device", blurb="auto, cpu, cuda, mps"
    )
    colors = GObject.Property(
        type=str,
        default="style",
        flags=_CHANGEABLE,
        nick="Colors",
        blurb="Colors of the painting: style, luminance, ...",
    )
    strength = GObject.Property(
        type=float,
        default=1.0,
        minimum=0.0,
        maximum=1.0,
        flags=_CHANGEABLE,
        nick="Strength",
        blurb="0: the video itself, 1: all painting",
    )
    stability = GObject.Property(
        type=float,
        default=0.0,
        minimum=0.0,
        maximum=1.0,
        flags=_CHANGEABLE,
        nick="Stability",
        blurb="0 to 1: strokes follow what moves",
    )

    def __init__(self) -> None:
        super().__init__()
        # Frames that would come too late are not painted: a live pipeline keeps up by it.
        self.set_qos_enabled(True)
        self._model: Any = None
        self._read: Any = None
        self._look: Any = None
        self._wished: tuple[Any, ...] = ()
        self._state: Any = None
        self._info: GstVideo.VideoInfo | None = None

    def do_start(self) -> bool:
        """Load the model; an error of vidstyle's goes to the bus."""
        # Imported here: to list its elements GStreamer imports this file.
        from vidstyle import VidstyleError
        from vidstyle.runtime.compute import Compute
        from vidstyle.selection import load_for, read_style
        from vidstyle.stylize.style import StyleOptions

        if not self.style:
            return self._fail("expected a style: vidstyle style=starry.jpg")
        try:
            self._model, pictures = load_for(self.style, Compute(self.device, low_latency=True))
            self._read, self._wished = read_style(self._model, pictures, StyleOptions()), ()
            self._take_wishes()
        except VidstyleError as error:
            return self._fail(str(error))
        return True

    def do_stop(self) -> bool:
        """Give back the model."""
        if self._model is not None:
            self._model.close()
        self._model = self._state = None
        return True

    def do_set_caps(self, incaps: Gst.Caps, _outcaps: Gst.Caps) -> bool:
        """Take a size; another one begins a new clip."""
        self._info, self._state = GstVideo.VideoInfo.new_from_caps(incaps), None
        return self._info is not None

    def do_sink_event(self, event: Gst.Event) -> bool:
        """Forget the clip after a seek, and with a new stream."""
        if event.type in (Gst.EventType.FLUSH_STOP, Gst.EventType.STREAM_START):
            self._state = None
        return GstBase.BaseTransform.do_sink_event(self, event)

    def do_transform_ip(self, buffer: Gst.Buffer) -> Gst.FlowReturn:
        """Paint a frame."""
        from vidstyle import VidstyleError

        info = self._info
        try:
            self._take_wishes()
            with buffer.map(Gst.MapFlags.READ | Gst.MapFlags.WRITE) as mapped:
                rows = np.ndarray(
                    (info.height, info.width, 3),
                    np.uint8,
                    mapped.data,
                    info.offset[0],
                    (info.stride[0], 3, 1),
                )
                (painted,), self._state = self._model.step(
                    [np.ascontiguousarray(rows)], self._look, self._state
                )
                rows[:] = painted
        except VidstyleError as error:
            self._fail(str(error))
            return Gst.FlowReturn.ERROR
        return Gst.FlowReturn.OK

    def _take_wishes(self) -> None:
        """Make a look of the properties where one has changed."""
        from vidstyle import Look

        wished = (self.strength, self.colors, self.stability)
        if wished != self._wished:
            strength, colors, stability = self._wished = wished
            look = Look(self._read, strength=strength, colors=colors, stability=stability)
            self._model.stylizer.check(look)
            self._look = look

    def _fail(self, text: str) -> bool:
        error = GLib.Error.new_literal(Gst.LibraryError.quark(), text, Gst.LibraryError.SETTINGS)
        self.post_message(Gst.Message.new_error(self, error, ""))
        return False


GObject.type_register(VidStyle)
__gstelementfactory__ = ("vidstyle", Gst.Rank.NONE, VidStyle)
