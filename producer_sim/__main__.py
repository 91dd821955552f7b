"""`python -m producer_sim load|send|event|classes`."""

from producer_sim.command_line import main

if __name__ == "__main__":
    raise SystemExit(main())
