"""How much of a thin, long, lossy line the fill gets, beside the programs that people use for it."""
