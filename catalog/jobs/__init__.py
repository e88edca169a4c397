"""Jobs: what workers do with a source, as rows. Rows alone hold state; messages are doorbells."""
