"""Controls of the area ``addons``."""
