"""Still pictures: in files, their colors, and pictures that say where."""
