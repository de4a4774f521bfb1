"""People by terminal: `trellis …`."""
