"""The history of one record: its changes, its versions, and their restoration."""
