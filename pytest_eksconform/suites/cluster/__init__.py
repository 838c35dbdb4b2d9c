"""Controls of the cluster as a whole."""
