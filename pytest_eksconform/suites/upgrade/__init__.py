"""Controls of the area ``upgrade``."""
