"""``make load`` and ``make scale``: what the service does under a realistic load, and on several processes and logs."""
