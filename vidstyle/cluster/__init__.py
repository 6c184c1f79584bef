"""Many machines, by Ray: see docs/scale.md."""
