"""Many inputs in many styles: one plan, one load of each model, one report."""
