"""One module a type of campaign, all of one shape: read the data, then play."""
