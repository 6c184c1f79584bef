"""The nodes of vidstyle for ComfyUI: by its V3 interface where it has that, else by the one before."""

from .nodes import NODES

try:
    from comfy_api.latest import ComfyExtension
except ImportError:
    from .v1 import node_class

    NODE_CLASS_MAPPINGS = {node.id: node_class(node) for node in NODES}
    NODE_DISPLAY_NAME_MAPPINGS = {node.id: node.title for node in NODES}
else:
    # No NODE_CLASS_MAPPINGS beside this: ComfyUI would take those.
    from .v3 import node_class

    class _Extension(ComfyExtension):
        async def get_node_list(self) -> list[type]:
            return [node_class(node) for node in NODES]

    async def comfy_entrypoint() -> ComfyExtension:
        """Return the nodes to ComfyUI."""
        return _Extension()
