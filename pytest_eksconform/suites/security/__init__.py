"""Controls of the area ``security``."""
