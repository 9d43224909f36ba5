# A small image with nothing in it but the program, which runs as nobody in particular.
#
#   docker build --tag afterclick .
#   docker run --publish 127.0.0.1:8080:8080 --volume afterclick:/var/lib/afterclick \
#     --env AFTERCLICK_PUBLIC_URL=http://localhost:8080 --env AFTERCLICK_INSECURE_DEV=true afterclick
#
# The second line is for a look at it: see docs/operations.md for what to set before others use it.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /afterclick
# aws-lc-rs and SQLite are C, compiled in.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends cmake gcc libc6-dev make \
    && rm -rf /var/lib/apt/lists/*
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/afterclick/target \
    cargo build --locked --release && cp target/release/afterclick /usr/local/bin/afterclick

FROM debian:bookworm-slim
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin afterclick \
    && install --directory --owner afterclick --group afterclick --mode 0700 /var/lib/afterclick
COPY --from=build /usr/local/bin/afterclick /usr/local/bin/afterclick
# A number, so that Kubernetes can see that it is not root.
USER 10001:10001
WORKDIR /var/lib/afterclick
VOLUME /var/lib/afterclick
ENV AFTERCLICK_LISTEN=0.0.0.0:8080
EXPOSE 8080
# Streams are let go spread over --drain (10 s) when it is told to stop.
STOPSIGNAL SIGTERM
# Whether it serves, by its own word: its status is 503 too while the database, NATS, or the mail server
# is away, which no other container could do better. No client is in the image, and bash is enough for
# one.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q '\"detail\":\"serving\"' <&3"]
ENTRYPOINT ["afterclick"]
