"""Asking the platform as programs and providers do: through every middleware, in this process."""

import json
from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.services import api_keys
from ground.tenancy import Actor

SCOPES = ["calls.read", "calls.listen", "calls.reveal", "calls.write", "calls.destroy"]


def client() -> Client:
    """An error of the code is an answer 500, as it is for everybody else."""
    return Client(raise_request_exception=False, SERVER_NAME="localhost")


class Program:
    """One API key of an organization."""

    def __init__(self, organization_id: Any, scopes: list[str] | None = None) -> None:
        self.text = api_keys.create(
            organization_id=organization_id,
            name="program",
            scopes=scopes or SCOPES,
            by=Actor.system("soak"),
            at=timezone.now(),
        ).text

    def store(self, calls: list[dict[str, Any]], key: str | None = None) -> Any:
        """POST these calls, under an idempotency key if one is given."""
        headers = {"authorization": f"Bearer {self.text}"} | ({"idempotency-key": key} if key else {})
        body = json.dumps({"calls": calls})
        return client().post("/api/v1/calls", body, content_type="application/json", headers=headers)

    def get(self, path: str) -> Any:
        return client().get(f"/api/v1{path}", headers={"authorization": f"Bearer {self.text}"})

    def delete(self, path: str) -> Any:
        return client().delete(f"/api/v1{path}", headers={"authorization": f"Bearer {self.text}"})
