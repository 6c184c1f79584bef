"""Facts of this machine: its hardware, and how fast it paints."""
