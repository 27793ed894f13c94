"""Staff in files: read, checked and carried into the services all or nothing, and written back in the same form."""
