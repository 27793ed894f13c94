"""The routes of the rating service: thin, typed, each naming the scope it needs."""
