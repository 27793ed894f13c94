"""The machine: store, broker, HTTP, clock, files. Everything impure lives here or in a service's adapters."""
