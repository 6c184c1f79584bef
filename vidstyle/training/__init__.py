"""Training: one readable loop per network, its data, its synthetic motion, its checkpoints."""
