"""The broker: Redis, or files where there is none. Its messages are hints, so it may lose or repeat them.

Celery is imported when it is first needed: it takes 0.3 s.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app

if TYPE_CHECKING:
    from celery import Celery

BROKER = "catalog.jobs_broker"  # key in the application's extensions
QUEUE = "jobs"
RUN, SWEEP = "catalog.run", "catalog.sweep"  # names of the tasks
# Messages in the queue, above which none is added. Without a worker, the queue would grow forever.
MOST_MESSAGES = 200
POLL_SECONDS = 0.2  # between two looks at the folder
TIMEOUT_SECONDS = 3.0  # of Redis


@dataclass
class Broker:
    """The broker of an application."""

    redis_url: str  # "" without a Redis
    folder: Path  # of the messages without a Redis

    @cached_property
    def celery(self) -> Celery:
        """The Celery application, without tasks; only a worker has these."""
        from celery import Celery
        from kombu.transport import TRANSPORT_ALIASES

        TRANSPORT_ALIASES["catalog-files"] = "extensions.jobs.engine.files:Transport"
        app = Celery("catalog", set_as_current=False)
        app.conf.update(self._settings())
        return app

    def publish(self, task: str, *arguments: int) -> bool:
        """Send one message, unless the queue is full. Return whether it was sent. Raises errors of the broker."""
        with self.celery.connection_for_write() as connection:
            channel = connection.default_channel
            # Also creates the queue, since a message to an unknown one is dropped.
            declared = channel.queue_declare(QUEUE)
            if declared.message_count >= MOST_MESSAGES:
                return False
            self.celery.send_task(task, arguments, queue=QUEUE, connection=connection, retry=False)
            return True

    def _settings(self) -> dict[str, Any]:
        options: dict[str, Any]
        if self.redis_url:
            options = {
                "global_keyprefix": "catalog-jobs:",
                "socket_timeout": TIMEOUT_SECONDS,
                "socket_connect_timeout": TIMEOUT_SECONDS,
                "max_retries": 1,
            }
        else:
            from .files import create_folder

            create_folder(self.folder)
            options = {"folder": str(self.folder), "polling_interval": POLL_SECONDS}
        return {
            "broker_url": self.redis_url or "catalog-files://localhost",  # kombu warns without a host
            "broker_transport_options": options,
            "broker_connection_timeout": TIMEOUT_SECONDS,
            "broker_connection_max_retries": None,  # a worker never gives up
            "broker_connection_retry_on_startup": True,
            "broker_pool_limit": 2,
            "result_backend": None,
            "task_ignore_result": True,
            "task_store_errors_even_if_ignored": False,
            "task_default_queue": QUEUE,
            "task_serializer": "json",
            "accept_content": ["json"],
            "task_publish_retry": False,
            "task_send_sent_event": False,
            "worker_send_task_events": False,
            "worker_enable_remote_control": False,
            "worker_prefetch_multiplier": 1,
            "worker_hijack_root_logger": False,
            "worker_redirect_stdouts": False,
            "enable_utc": True,
            "timezone": "UTC",
        }


def init_app(app: Flask, redis_url: str, folder: Path) -> None:
    """Give an application a broker: the Redis at `redis_url`, or files in `folder` if that is empty."""
    app.extensions[BROKER] = Broker(redis_url, folder)


def broker() -> Broker:
    """Return the broker of the current application."""
    found: Broker = current_app.extensions[BROKER]
    return found
