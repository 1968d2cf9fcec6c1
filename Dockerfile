# The service on a base without a shell; docs/image.md tells how to use it. `--target stand-in` is the stand-in tracker of compose.yaml.
# Both bases are indexes of several platforms. BASE_IMAGE needs Node 24 as /nodejs/bin/node and the C++ library, nothing else.
ARG BUILD_IMAGE=node:24.21.0-trixie-slim@sha256:8ec5d7557396cfe32d21c3f9c13072355ceab22b584578ca4bb28af31120cffe
ARG BASE_IMAGE=gcr.io/distroless/nodejs24-debian13:nonroot@sha256:9eeb7f5887d0e239e78264b06f7f11d2e14be534050481803a9e4728fcdd278e

FROM ${BUILD_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
# No script of a dependency runs: what is native of them comes built.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build -- --declaration false && npm prune --omit=dev --ignore-scripts
COPY schemas schemas

FROM build AS service
# What demo and stand-in are made of, and the one library that only they need.
RUN rm -rf dist/simulator dist/shop dist/stack dist/cli/demo.js dist/cli/simulate.js dist/cli/simulate-files.js \
  && npm pkg delete dependencies.fastify && npm prune --omit=dev --ignore-scripts
# The command by its name, for `kubectl exec … -- mytracker-sink status`: no shell is there to look for Node.
RUN printf '#!/nodejs/bin/node\nimport("/app/dist/main.js")\n' > mytracker-sink && chmod 755 mytracker-sink

FROM ${BASE_IMAGE} AS stand-in
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/schemas schemas
USER 65532:65532
EXPOSE 8090
ENTRYPOINT ["/nodejs/bin/node", "/app/dist/main.js", "simulate", "--host", "0.0.0.0"]

FROM ${BASE_IMAGE} AS sink
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="mytracker-sink" \
  org.opencontainers.image.description="Delivers Avro-encoded domain events from Kafka to MyTracker's S2S API." \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
# The heaps of glibc's threads: docs/decisions/0006-memory.md.
ENV NODE_ENV=production MALLOC_ARENA_MAX=2
WORKDIR /app
COPY --from=service /app/package.json ./
COPY --from=service /app/node_modules node_modules
COPY --from=service /app/dist dist
COPY --from=service /app/schemas schemas
COPY --from=service /app/mytracker-sink /usr/local/bin/
# By number, so that Kubernetes sees that it is not root. Any other user will do: everything is read, nothing written.
USER 65532:65532
EXPOSE 8080
# The flag is what `run` would begin anew for: docs/decisions/0006-memory.md. In this form a signal reaches Node itself.
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=4", "/app/dist/main.js"]
CMD ["run", "--config", "/etc/mytracker-sink/config.yaml"]
