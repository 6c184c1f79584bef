"""Nodes by ComfyUI's first interface: a class with some names."""

from __future__ import annotations

from typing import Any

from .definitions import CATEGORY, Input, Node


def node_class(node: Node) -> type:
    """Return the class of a node."""

    def input_types(_cls: type) -> dict[str, dict[str, Any]]:
        return {
            "required": {i.name: _told(i) for i in node.inputs if not i.optional},
            "optional": {i.name: _told(i) for i in node.inputs if i.optional},
        }

    def run(_self: object, **values: Any) -> tuple[Any]:
        return (node.run(**values),)

    kind, name = node.output
    return type(
        node.id,
        (),
        {
            "CATEGORY": CATEGORY,
            "DESCRIPTION": node.description,
            "FUNCTION": "run",
            "INPUT_TYPES": classmethod(input_types),
            "RETURN_TYPES": (kind,),
            "RETURN_NAMES": (name,),
            "run": run,
        },
    )


def _told(given: Input) -> tuple[Any, dict[str, Any]]:
    return list(given.options) if given.options else given.kind, given.facts
