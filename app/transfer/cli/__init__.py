"""The command line of imports and exports."""
