"""How a network is executed: device, precision, backend, padding. Nothing else knows a backend."""
