"""What machines can say of the contracts: slither's findings, and properties that halmos proves for all inputs."""
