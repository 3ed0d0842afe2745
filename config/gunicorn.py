"""How the web server runs, under the launcher and in a container alike (`gunicorn -c python:config.gunicorn`).

No access log: it would keep addresses of people. Connections to the database are opened after the fork, by each worker.
"""

import os

wsgi_app = "config.wsgi:application"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
timeout = 60  # seconds
graceful_timeout = 15  # seconds
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - heartbeat files, unlinked at once
accesslog = None
