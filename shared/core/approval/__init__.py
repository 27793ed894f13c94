"""Approvals: what one person asks for and others grant, step by step. Pure: day, roles and chains are arguments."""
