"""Files of any size by their digest: streamed in and out, never held whole in memory; a local folder by default."""
