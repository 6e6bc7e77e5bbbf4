"""Topic → handlers of outbound."""
