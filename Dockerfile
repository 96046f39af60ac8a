# `messaging` as a container: its binary, the C library, and the certificates of public authorities. No shell, no root.
#
#   docker build -t messaging .
#   docker run --rm -p 127.0.0.1:4566:4566 messaging local --addr 0.0.0.0:4566 --open-to-all
#
# Both images can be others of the same Debian, as those of a mirror.
ARG RUST_IMAGE=docker.io/library/rust:1.92-slim-bookworm
ARG BASE_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${RUST_IMAGE} AS build
WORKDIR /source
COPY . .
RUN cargo build --locked --release --bin messaging \
    && strip -o /messaging target/release/messaging \
    && mkdir /data

FROM ${BASE_IMAGE}
COPY --from=build /messaging /usr/local/bin/messaging
# What a service or the cloud keeps lies in the working folder; a volume that is mounted there gets its owner.
COPY --from=build --chown=65532:65532 /data /data
WORKDIR /data
USER 65532:65532
EXPOSE 4566 8080
# Of a service on its usual port; for a cloud: `messaging health http://127.0.0.1:4566/_messaging/queues`.
HEALTHCHECK --interval=10s --timeout=9s --start-period=30s --retries=3 CMD ["messaging", "health"]
ENTRYPOINT ["messaging"]
CMD ["--help"]
