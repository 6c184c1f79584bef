"""Training: one loop, a recipe for each network, their data, synthetic motion and checkpoints."""
