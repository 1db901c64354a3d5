# The gate's own image: the program and certificate authorities, nothing else.
# BUILDER is any image with Go 1.26; name it by digest in a pipeline.
ARG BUILDER=docker.io/library/golang:1.26-bookworm
FROM ${BUILDER} AS build
ARG VERSION=dev
# Trivy needs encoding/json/v2, which Go 1.26 has behind an experiment.
ENV GOEXPERIMENT=jsonv2 CGO_ENABLED=0
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/imagegate ./cmd/imagegate \
 && install -d -m 0700 /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/imagegate /imagegate
# Everything the gate writes is under /data: the root can be read-only.
COPY --from=build --chown=65532:65532 /out/data /data
ENV IMAGEGATE_DATA=/data
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/imagegate"]
# Reachable from elsewhere, so it wants a token: mount one there.
CMD ["serve", "--listen", "0.0.0.0:8080", "--token-file", "/run/secrets/imagegate-token"]
