"""The brain of alerts: what is told to whom, by when, and what follows when nobody acts. Pure."""
