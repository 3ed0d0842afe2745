"""Where e-mails go without a mail server: into a folder, one file each, to be opened with any mail program."""

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from ground.tenancy import uuid7

KEPT_SECONDS = 7 * 24 * 60 * 60


class FolderBackend(BaseEmailBackend):
    """Writes `<moment>-<id>.eml` into `EMAIL_FILE_PATH`, whole or not at all, readable by us alone, for seven days."""

    def __init__(self, fail_silently: bool = False, file_path: str | None = None, **kwargs: Any) -> None:
        super().__init__(fail_silently=fail_silently)
        self.folder = Path(file_path or settings.EMAIL_FILE_PATH)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._forget()
        for message in email_messages:
            name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{str(uuid7())[-12:]}.eml"
            unfinished = self.folder / f".{name}"
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(message.message().as_bytes())
            unfinished.rename(self.folder / name)
        return len(email_messages)

    def _forget(self) -> None:
        before = time.time() - KEPT_SECONDS
        for file in self.folder.glob("*.eml"):
            if file.stat().st_mtime < before:
                file.unlink(missing_ok=True)
