"""Faults on real processes: what is killed, stopped, filled, cut off or fed rubbish, and what must hold afterwards."""
