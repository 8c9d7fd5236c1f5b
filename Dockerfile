# The daemon in a container: docs/guide/daemon.md has how it is run.
#
# Tried, in plain folders and with Node 20: the second stage's installation and start, as a user without rights, with the health
# check and SIGTERM. Not tried: the first stage as it stands, the base images, a build and a run by a container engine.

FROM node:22-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:22-bookworm-slim
RUN apt-get update \
  && apt-get install --yes --no-install-recommends nats-server \
  && rm -rf /var/lib/apt/lists/* \
  && install --directory --owner=node --group=node --mode=0700 /data
WORKDIR /app
COPY --from=build /src/package.json /src/LICENSE ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/dist/cli ./dist/cli
COPY --from=build /src/dist/daemon ./dist/daemon
COPY --from=build /src/dist/doors ./dist/doors
COPY --from=build /src/dist/programs ./dist/programs
COPY --from=build /src/dist/src ./dist/src
COPY --from=build /src/dist/supervisors ./dist/supervisors
ENV NODE_ENV=production GREENROOM_DATA_DIR=/data GREENROOM_HTTP_PORT=4280
USER node
VOLUME /data
# A store that is looked through after a crash takes a minute.
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.GREENROOM_HTTP_PORT}/livez`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Ends as the first process does: SIGTERM drains. Give it the time: docker stop --time 60.
ENTRYPOINT ["node", "/app/dist/cli/main.cjs"]
CMD ["start"]
