"""Alerts: routing, delivery and escalation. Not part of this release."""
