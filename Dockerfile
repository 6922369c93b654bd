# An instance in a container: small, without root, healthy only when its own checks are.
#
#   docker build -t gantry .
#   docker run --rm --init --name gantry -v gantry-state:/var/lib/gantry -v "$PWD/examples:/work:ro" gantry
#   docker exec gantry gantry status

FROM node:26-bookworm-slim AS build
WORKDIR /source
COPY . .
# The repository pins Node as a package of its own, with an install script that it allows by name.
RUN npm ci --no-audit --no-fund && npm run pack -- /packed && rm -rf /source

FROM node:26-bookworm-slim
RUN --mount=type=bind,from=build,source=/packed,target=/packed \
    npm install --global --no-audit --no-fund /packed/gantry-[0-9]*.tgz \
    # Command modules are mounted from anywhere, and what they import is looked for up to the root.
    # npm itself cannot install into the root folder.
    && npm install --prefix /usr/local/lib/gantry-modules --no-audit --no-fund /packed/gantry-client-*.tgz zod@4 \
    && ln -s /usr/local/lib/gantry-modules/node_modules /node_modules \
    && npm cache clean --force \
    && install --directory --owner=node --group=node --mode=0700 /var/lib/gantry
USER node
# Everything that must outlive the container: database, keys, recordings, logs.
ENV GANTRY_HOME=/var/lib/gantry
VOLUME /var/lib/gantry
WORKDIR /work
# 0: well; 1: a check fails; 3: does not run.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["gantry", "health"]
# TERM: finish running work, then end.
STOPSIGNAL SIGTERM
CMD ["gantry", "serve"]
