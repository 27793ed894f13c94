"""The Kafka edge: records in, records out, and how a broker that lost its log is noticed and refilled."""
