"""What tests of the vault share: real S3 and KMS semantics on loopback, other processes, byte surgery."""

import os
import subprocess
import sys
import textwrap
from uuid import uuid4

import boto3
import pytest
from moto.server import ThreadedMotoServer

from ground import vault
from ground.vault.keystore import BucketPlace, FolderPlace, KeyStore
from ground.vault.root import FileRoot


@pytest.fixture(autouse=True)
def forget_between_tests():
    vault.forget_everything()
    yield
    vault.forget_everything()


@pytest.fixture(scope="session")
def moto_url():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(moto_url, settings):
    """An S3 client, with the settings pointing at the same server."""
    settings.S3_ENDPOINT_URL = moto_url
    settings.S3_REGION = "us-east-1"
    settings.S3_ACCESS_KEY_ID = settings.S3_SECRET_ACCESS_KEY = "test"
    return _client("s3", moto_url)


@pytest.fixture
def kms(moto_url, settings, s3):
    settings.KMS_ENDPOINT_URL = moto_url
    settings.KMS_REGION = "us-east-1"
    return _client("kms", moto_url)


def _client(service, url):
    return boto3.session.Session().client(
        service, endpoint_url=url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


@pytest.fixture
def bucket(s3):
    """`bucket()` makes a fresh one; `bucket(versioned=True)` with versioning."""

    def make(*, versioned=False):
        name = f"bucket-{uuid4()}"
        s3.create_bucket(Bucket=name)
        if versioned:
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    return make


@pytest.fixture
def root(tmp_path):
    return FileRoot.create(tmp_path / "root.key")


@pytest.fixture(params=["folder", "bucket"])
def places(request, tmp_path):
    if request.param == "folder":
        return FolderPlace(tmp_path / "one"), FolderPlace(tmp_path / "two")
    s3, bucket = request.getfixturevalue("s3"), request.getfixturevalue("bucket")
    return BucketPlace(s3, bucket()), BucketPlace(s3, bucket())


@pytest.fixture
def store(places, root):
    return KeyStore(*places, lambda empty: root)


@pytest.fixture
def other_process(settings):
    """`other_process(code)` starts Python with Django set up on this test's databases and folders."""
    started = []

    def start(code, *arguments, **environment):
        paths = ("KEYSTORE_PATH", "KEYSTORE_MIRROR_PATH", "OBJECTS_PATH", "JOURNAL_PATH", "ROOT_KEY_FILE", "DATA_DIR")
        process = subprocess.Popen(
            [sys.executable, "-c", "import django; django.setup()\n" + textwrap.dedent(code), *map(str, arguments)],
            env=os.environ | {name: str(getattr(settings, name)) for name in paths} | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def flipped(content, place):
    """`content` with one bit of one byte turned."""
    changed = bytearray(content)
    changed[place] ^= 1 << (place % 8)
    return bytes(changed)
