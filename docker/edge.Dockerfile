# The classroom box alone: nothing of the centre is installed, and nothing of it could be.
FROM python:3.11.14-slim-bookworm AS build
WORKDIR /src
COPY requirements/bootstrap.lock requirements/edge.lock requirements/
RUN python -m venv /build \
    && /build/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock \
    && /build/bin/uv venv --no-cache /opt/songtan \
    && /build/bin/uv pip install --no-cache --python /opt/songtan/bin/python --require-hashes -r requirements/edge.lock
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
RUN useradd --system --uid 10001 --home-dir /var/lib/songtan --create-home songtan
COPY --from=build /opt/songtan /opt/songtan
ENV PATH=/opt/songtan/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /var/lib/songtan
USER 10001
VOLUME /var/lib/songtan
EXPOSE 8090
ENTRYPOINT ["songtan", "edge"]
CMD ["serve"]
