"""Figures: what is promised, measured on this machine beside the parts themselves and a peer. Not collected by pytest."""
