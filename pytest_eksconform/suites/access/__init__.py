"""Controls of the area ``access``."""
