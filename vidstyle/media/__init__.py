"""Files in and out: the only room that imports PyAV. It knows nothing of styles or networks."""
