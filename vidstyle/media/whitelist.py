"""What FFmpeg may open: formats that hold their video themselves, over protocols that are named with every open.

By default FFmpeg follows what a file says: a playlist or a script named in.mp4 makes it read other files, or an
address, and it draws texts as pictures. Left out here are therefore formats that refer elsewhere (concat, hls, dash,
imf, sdp, rtsp, mlv, vobsub), that draw what is no picture (tty, bin, xbin, idf, adf, svg), and devices.
"""

from __future__ import annotations

from collections.abc import Iterable

_CONTAINERS = (
    "mov mp4 matroska webm avi mpegts mpegtsraw mpeg flv live_flv kux asf asf_o ogg nut mxf gxf lxf wtv dv rm ivr "
    "nsv nuv vivo swf smjpeg lmlm4 pmp ty r3d cine msnwctcp simbiosis_imx sdr2 ser moflex usm luodat lvf nc cdg hxvs pdv"
)
_STREAMS = (
    "h261 h263 h264 hevc vvc evc m4v mpegvideo cavsvideo avs2 avs3 dirac dnxhd apv av1 obu ivf vc1 vc1test ipu "
    "mjpeg mjpeg_2000 mpjpeg ingenient rawvideo yuv4mpegpipe v210 v210x bitpacked"
)
_ANIMATIONS = "gif apng jpegxl_anim flic filmstrip frm ico fits cdxl anm"
_GAMES = (
    "4xm argo_brp avs bethsoftvid bfi bink bmv c93 dsicin dxa ea film_cpk gdv hnm idcin ipmovie iv8 jv mm mtv mv mvi "
    "mxg paf psxstr rl2 roq rpl sga siff smk smush thp tiertexseq tmv vividas vmd wc3movie wsvqa xmv yop iff"
)
_PICTURES = "image2 image2pipe alias_pix brender_pix"
_PICTURE_PIPES = (
    "bmp cri dds dpx exr gem gif hdr j2k jpeg jpegls jpegxl jpegxs pam pbm pcx pfm pgm pgmyuv pgx phm photocd "
    "pictor png ppm psd qdraw qoi sgi sunrast tiff vbn webp xbm xpm xwd"
)
_SOUND = (  # nothing can be painted there, which is said better once it is open
    "wav w64 mp3 aac ac3 ac4 eac3 flac aiff au caf amr ape wv tta dts dtshd mlp truehd voc oma loas"
)

_ALL = (_CONTAINERS, _STREAMS, _ANIMATIONS, _GAMES, _PICTURES, _SOUND)

FORMATS = frozenset(" ".join(_ALL).split()) | {f"{n}_pipe" for n in _PICTURE_PIPES.split()}
"""FFmpeg's names of the formats that are opened."""

NETWORK_FORMATS = frozenset({"hls", "rtsp", "rtp"})
"""Those that an address of a live stream may lead to, too."""

_PROTOCOLS = (
    "http https httpproxy tcp tls udp udplite rtp srtp rtsp rtsps srt rist rtmp rtmpe rtmps rtmpt rtmpte rtmpts "
    "mmsh mmst hls crypto ftp sctp gopher gophers icecast"
)
NETWORK = frozenset(_PROTOCOLS.split())
"""Protocols of live streams. None reads what lies on this machine."""

FILE = frozenset({"file"})


def restricted(protocols: Iterable[str] = FILE, formats: Iterable[str] = FORMATS) -> dict[str, str]:
    """Return FFmpeg's options for an input that may open these protocols and formats alone.

    Args:
        protocols: none where the bytes are given, as of a pipe.
        formats: by FFmpeg's names.
    """
    return {
        "protocol_whitelist": ",".join(sorted(protocols)),
        "format_whitelist": ",".join(sorted(formats)),
        # A name is a name: image2 would read others that match it.
        "pattern_type": "none",
    }


_REFERRING = {
    b"#EXTM3U": "a playlist",
    b"[playlist]": "a playlist",
    b"ffconcat version": "a concat script",
    b"v=0": "a session description (SDP)",
    b"[Reference]": "a list of addresses",
    b"# VobSub": "an index of subtitles",
    b"MLVI": "one part of a Magic Lantern video",
}
"""How files begin that refer to others -> what they are."""


def reference(head: bytes) -> str | None:
    """Say what an input is that refers elsewhere, by its first bytes; None: it is none that is known."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    is_manifest = text.startswith(b"<") and b"<MPD" in text
    named = (name for beginning, name in _REFERRING.items() if text.startswith(beginning))
    kind = "a DASH manifest" if is_manifest else next(named, None)
    return kind and f"it is {kind}, which names other files or addresses; give the video itself"
