"""The losses as plain functions of tensors, one file per family. No weights, no schedules here."""
