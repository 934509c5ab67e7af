"""What this machine has: its CPU, its devices, their drivers."""
