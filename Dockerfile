# One image for web, worker, beat, the nightly keeper and migrations; docker-compose.yml says which is which.

FROM python:3.11-slim-bookworm AS build
COPY requirements/base.txt /requirements.txt
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes --no-deps -r /requirements.txt

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin sottovoce \
    && install -d -o sottovoce -g sottovoce -m 0700 /data /keystore /keystore-mirror
COPY --from=build /venv /venv
COPY . /app
WORKDIR /app
RUN /venv/bin/python -m compileall -q -j 0 /app
USER sottovoce
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=config.settings.production \
    DATA_DIR=/data KEYSTORE_PATH=/keystore/shelves KEYSTORE_MIRROR_PATH=/keystore-mirror/shelves
EXPOSE 8000
CMD ["python", "-m", "gunicorn", "-c", "python:config.gunicorn", "--bind", "0.0.0.0:8000"]
