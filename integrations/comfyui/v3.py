"""Nodes by ComfyUI's interface V3: a class with a schema."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io

from .definitions import CATEGORY, Input, Node

_KINDS = {
    "COMBO": io.Combo,
    "FLOAT": io.Float,
    "IMAGE": io.Image,
    "INT": io.Int,
    "BOOLEAN": io.Boolean,
    "STRING": io.String,
    "VIDEO": io.Video,
}


def node_class(node: Node) -> type[io.ComfyNode]:
    """Return the class of a node."""
    kind, name = node.output

    class Made(io.ComfyNode):
        @classmethod
        def define_schema(cls) -> io.Schema:
            return io.Schema(
                node_id=node.id,
                display_name=node.title,
                category=CATEGORY,
                description=node.description,
                inputs=[_input(i) for i in node.inputs],
                outputs=[_kind(kind).Output(display_name=name)],
            )

        @classmethod
        def execute(cls, **values: Any) -> io.NodeOutput:
            return io.NodeOutput(node.run(**values))

    Made.__name__ = Made.__qualname__ = node.id
    return Made


def _kind(name: str) -> Any:
    return _KINDS.get(name) or io.Custom(name)


def _input(given: Input) -> Any:
    words = {"options": list(given.options)} if given.options else {}
    return _kind(given.kind).Input(given.name, optional=given.optional, **given.facts, **words)
