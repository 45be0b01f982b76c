"""Files, mail and databases in and out of the hub."""
