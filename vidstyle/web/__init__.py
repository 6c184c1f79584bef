"""The page: clips painted in the browser by a server on this computer."""
