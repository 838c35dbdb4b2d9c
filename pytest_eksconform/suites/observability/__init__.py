"""Controls of the area ``observability``."""
