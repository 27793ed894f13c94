"""What the rating service does for one request, without HTTP and without SQL."""
