"""The exceptions of imports and exports, as one tree.

::

    TransferError
    ├── Unreadable         the input cannot be used; nothing was imported
    ├── ReadAborted        reading stopped within the input; the records before are imported
    ├── Unwritable         the file for rejected records cannot be written
    ├── NoTables           the database was never migrated
    ├── ImportFailed       an import cannot start or continue
    │   └── ImportRunning  another import holds the lock
    └── UnsupportedExport  the export format cannot hold the requested records

Each message is a sentence for users: what is wrong, and what to do.
"""

from __future__ import annotations


class TransferError(Exception):
    """Base class of the errors of imports and exports."""


class Unreadable(TransferError):
    """The input cannot be used at all."""


class ReadAborted(TransferError):
    """The input cannot be read to its end; the message says how far it was read."""


class Unwritable(TransferError):
    """The file for rejected records cannot be written."""


class NoTables(TransferError):
    """The database was never migrated."""


class ImportFailed(TransferError):
    """The import cannot start or continue."""


class ImportRunning(ImportFailed):
    """Another import holds the lock; only one runs at a time."""


class UnsupportedExport(TransferError):
    """The export format cannot hold the requested records."""
