"""What follows from what is recorded: facts, rules, policies, awards, rewards, and the fold that joins them. Pure."""
