"""Controls of the area ``identity``."""
