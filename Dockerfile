# The image of istio-ra: Node, one bundle, the proto files that it reads, nothing else. `make image-docker`
# builds it; `make image` makes the same image on a base of pinned Debian packages, without a daemon and
# without a registry (scripts/image/istio-ra-image.ts).
#
# Both bases are named by tag only: nobody has verified a digest for them here, and one that was made up
# would be worse than none. Pin them where you build:
#   docker build --build-arg RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian12:nonroot@sha256:… .
ARG BUILD_IMAGE=node:24-bookworm-slim
ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian12:nonroot

# The bundle is the same for every platform, so it is built on that of the builder.
FROM --platform=$BUILDPLATFORM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY LICENSE tsconfig.json ./
COPY scripts/build.js scripts/
COPY scripts/image/istio-ra scripts/image/
COPY proto proto
COPY page page
COPY src src
RUN node scripts/build.js

FROM ${RUNTIME_IMAGE}
# Which source this is made of; `make image-docker` says it.
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="istio-ra"
LABEL org.opencontainers.image.licenses="Apache-2.0"
LABEL org.opencontainers.image.version="${VERSION}"
LABEL org.opencontainers.image.revision="${REVISION}"
COPY --from=build /src/dist /app/dist
COPY --from=build /src/proto /app/proto
COPY --from=build /src/page /app/page
COPY --from=build /src/LICENSE /app/LICENSE
COPY --from=build /src/scripts/image/istio-ra /usr/local/bin/istio-ra
# istiod's default paths, such as ./etc/istio/config/mesh, start here.
WORKDIR /
USER 65532:65532
EXPOSE 15012 15014 8080
# So that `kubectl exec … -- istio-ra check` finds it.
ENV PATH=/usr/local/bin:/nodejs/bin
# glibc is to give memory back: one arena for all threads, since more keep some 50 MiB of what a storm of
# handshakes used; blocks of 32 KiB and more are mapped by themselves, and what is free at the end is returned.
ENV MALLOC_ARENA_MAX=1
ENV MALLOC_MMAP_THRESHOLD_=32768
ENV MALLOC_TRIM_THRESHOLD_=32768
ENV MALLOC_TOP_PAD_=0
ENTRYPOINT ["/nodejs/bin/node", "--unhandled-rejections=throw", "--disable-proto=delete", "--max-semi-space-size=4", "--heap-growing-percent=30", "--expose-gc", "/app/dist/istio-ra.js"]
CMD ["serve"]
