"""Controllers that act on the cluster; one that stands in for another says so in its name."""
