"""A thin, long, lossy line between two network namespaces, in user space, and an origin at its far end."""
