"""Controls of the area ``networking``."""
