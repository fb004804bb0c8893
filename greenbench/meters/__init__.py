"""Power and energy sources of a machine, the process that samples them, and the arithmetic from samples to joules."""
