"""Controls of the area ``dns``."""
