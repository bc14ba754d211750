"""Opt-in tests against real model servers: `make real-servers` installs them, `make test-real` asks them."""
