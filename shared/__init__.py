"""What every service shares: values and contracts in core, the machine in edge."""
