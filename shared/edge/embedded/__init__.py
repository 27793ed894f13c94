"""A PostgreSQL and a Kafka-protocol broker that run on this machine with nothing installed but wheels."""
