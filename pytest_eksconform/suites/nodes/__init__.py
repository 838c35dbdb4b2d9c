"""Controls of the area ``nodes``."""
