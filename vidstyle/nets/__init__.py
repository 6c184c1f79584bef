"""The networks as pure torch modules, one file each. Nothing here reads a file or knows a device."""
