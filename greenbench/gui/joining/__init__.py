"""From the log of a meter outside the machine to its joules beside those of a finished run."""
