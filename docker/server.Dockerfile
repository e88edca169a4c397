# The central programs (api, worker, signer) in one image; the command says which.
FROM python:3.11.14-slim-bookworm AS build
WORKDIR /src
COPY requirements/bootstrap.lock requirements/server.lock requirements/
RUN python -m venv /build \
    && /build/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock \
    && /build/bin/uv venv --no-cache /opt/songtan \
    && /build/bin/uv pip install --no-cache --python /opt/songtan/bin/python --require-hashes -r requirements/server.lock
COPY pyproject.toml README.md LICENSE ./
COPY api api
COPY catalog catalog
COPY edge_cache edge_cache
COPY signer signer
COPY songtan songtan
COPY workers workers
RUN /build/bin/python -m hatchling build --target wheel \
    && /build/bin/uv pip install --no-cache --python /opt/songtan/bin/python --no-deps dist/*.whl

FROM python:3.11.14-slim-bookworm
# draws decks in PPTX; Debian keeps one version of each, so none is named
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libreoffice-impress fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /var/lib/songtan --create-home songtan
COPY --from=build /opt/songtan /opt/songtan
ENV PATH=/opt/songtan/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /var/lib/songtan
USER 10001
ENTRYPOINT ["songtan"]
CMD ["--help"]
