"""Everything that runs a whole pipeline on one machine."""
