# The gate's own images: a program and certificate authorities, nothing else.
#   --target imagegate (the default)  the service, some 150 MB
#   --target gatectl                  the client pipelines and the CronJob run
# BUILDER is any image with Go 1.26; name it by digest in a pipeline.
ARG BUILDER=docker.io/library/golang:1.26-bookworm

FROM ${BUILDER} AS source
# Trivy needs encoding/json/v2, which Go 1.26 has behind an experiment.
ENV GOEXPERIMENT=jsonv2 CGO_ENABLED=0 GOFLAGS=-trimpath
WORKDIR /src
COPY . .

FROM source AS build-gatectl
ARG VERSION=dev
RUN go build -ldflags "-s -w -X main.version=${VERSION}" -o /out/gatectl ./cmd/gatectl

FROM scratch AS gatectl
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="gatectl" \
      org.opencontainers.image.description="Asks imagegate whether a container image may ship" \
      org.opencontainers.image.source="https://github.com/imagegate/imagegate" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build-gatectl /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build-gatectl /out/gatectl /gatectl
USER 65532:65532
ENTRYPOINT ["/gatectl"]

FROM source AS build-imagegate
ARG VERSION=dev
RUN go build -ldflags "-s -w -X main.version=${VERSION}" -o /out/imagegate ./cmd/imagegate \
 && install -d -m 0700 /out/data

FROM scratch AS imagegate
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="imagegate" \
      org.opencontainers.image.description="Decides whether container images may ship" \
      org.opencontainers.image.source="https://github.com/imagegate/imagegate" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build-imagegate /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build-imagegate /out/imagegate /imagegate
# Everything the gate writes is under /data: the root can be read-only.
COPY --from=build-imagegate --chown=65532:65532 /out/data /data
ENV IMAGEGATE_DATA=/data
USER 65532:65532
EXPOSE 8080 8443
ENTRYPOINT ["/imagegate"]
# Reachable from elsewhere, so it wants a token: mount one there.
CMD ["serve", "--listen", "0.0.0.0:8080", "--token-file", "/run/secrets/imagegate-token"]
