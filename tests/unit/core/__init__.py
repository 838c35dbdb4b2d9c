"""The core without a cluster: rules, files and texts."""
