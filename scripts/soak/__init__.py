"""``make soak``: chain, service and two workers under steady load while everything fails, and then all must agree."""
